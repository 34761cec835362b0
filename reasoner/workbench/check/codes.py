"""The findings of a check, and the one list of how grave each is.

The list gives each code its severity; `docs/checks.md` has a section under each code, to which a finding leads.
"""

from __future__ import annotations

from collections.abc import Iterable

from reasoner.logic.compiled import Origin
from reasoner.workbench.finding import Finding, Severity

#: Where each code is explained; the anchor is the code.
DOCUMENT = "docs/checks.md"

_ERRORS = """
    not-readable no-such-file other-format not-utf8 empty-file no-triples syntax-error n3-syntax
    relative-iri too-deep long-term
    rdf-12 bad-list cyclic-nodes undeclared-prefix prefix-not-canonical prefix-rebound near-namespace
    no-header unresolved-import undeclared-term
    not-owl-dl inconsistent unsatisfiable-class cyclic-hierarchy
    outside-fragment cyclic-definition patient-in-ontology two-definitions bad-declaration
    bad-shapes shape-outside-fragment shacl-term rule-under-property-shape
    query-syntax query-term query-unbound
    term-without-label term-without-definition term-without-ontology
    individual-without-label individual-without-definition
    class-undefined class-without-statement class-without-advice
    recommendation-without-strength recommendation-without-action not-a-class-of-acts advice-without-statement
    statement-without-section statement-without-position statement-without-kind statement-without-paraphrase
    statement-without-citation reference-without-identity
    link-to-no-statement link-to-no-reference link-to-no-reading link-to-no-recommendation link-to-no-diagnosis
    reading-without-question reading-without-choice reading-without-alternative reading-without-rationale
    finding-closed closed-not-an-act closed-without-reading closed-otherwise
    threshold-without-unit quantity-without-unit unit-differs duplicate-identifier
    shape-without-iri shape-without-severity shape-without-label shape-without-message message-with-placeholder
    shape-without-remedy shape-without-code shape-without-statement severity-undeclared
"""
_WARNINGS = """
    file-ignored prefix-alias threshold-twice label-number not-different class-without-order
    term-without-source
    unused-criterion unused-statement unused-reference unused-recommendation unused-reading shape-without-target
"""
_INFOS = """
    same-label shape-not-compiled
"""

#: The severity of each code.
SEVERITIES: dict[str, Severity] = {
    code: severity
    for severity, codes in ((Severity.ERROR, _ERRORS), (Severity.WARNING, _WARNINGS), (Severity.INFO, _INFOS))
    for code in codes.split()
}


def check_finding(
    file: str, line: int, code: str, what: str, remedy: str, *, term: str = "", about: Iterable[str] = (),
    severity: Severity = Severity.WARNING,
) -> Finding:  # fmt: skip
    """A finding of `check`: `file` is relative to the guideline's directory where it lies there.

    `severity` is that of a code that is not in the list, which is a query of the guideline's own and explains itself.
    """
    docs = f"{DOCUMENT}#{code}" if code in SEVERITIES else f"queries/qc/{code}.rq"
    where = Origin(term, file, line)
    return Finding(code, SEVERITIES.get(code, severity), what, where, remedy, docs, tuple(about))

"""Prefixes: every file binds them as the one table does, and no namespace is nearly, but not quite, a known one."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from reasoner.records.contract import stem
from reasoner.terms import PREFIXES
from reasoner.workbench.check.codes import check_finding
from reasoner.workbench.check.files import ONTOLOGIES, Sources, TextFile
from reasoner.workbench.finding import Finding

_BINDING = re.compile(r"^[ \t]*@?prefix\s+([\w.-]*):\s*<([^>]*)>", re.IGNORECASE | re.MULTILINE)
_DECLARED = re.compile(r'sh:prefix\s+"([\w.-]*)"\s*;\s*sh:namespace\s+"([^"]*)"')
#: How many characters a slip of the pen changes in a row.
_SLIP = 2


@dataclass(frozen=True)
class Binding:
    """A prefix that a file binds to a namespace, on a line."""

    file: str
    line: int
    prefix: str
    namespace: str


def bindings(text: TextFile) -> Iterator[Binding]:
    """The prefixes that a text binds, in Turtle, SPARQL or by sh:declare."""
    for pattern in (_BINDING, _DECLARED):
        for found in pattern.finditer(text.text):
            yield Binding(text.file, text.text.count("\n", 0, found.start(1)) + 1, found[1], found[2])


def check_prefixes(sources: Sources) -> Iterator[Finding]:
    """Each binding against the canonical table, against the guideline's own terms, and against the other bindings."""
    own = () if sources.broken[ONTOLOGIES] else sources.headers(sources.ontologies)
    subjects = [str(subject) for subject in sources.graph.subjects(unique=True)] if own else []
    known = {*PREFIXES.values(), *(_namespace(subjects, header) for header in own)}
    first: dict[str, Binding] = {}
    for text in sources.texts:
        for binding in bindings(text):
            yield from _one(binding, known, first.setdefault(binding.prefix, binding))


def _namespace(subjects: Sequence[str], header: str) -> str:
    """The namespace of an ontology's terms: its IRI with #, or with / where terms are named only so."""
    locals_of = {end: [s[len(header) + 1 :] for s in subjects if s.startswith(header + end)] for end in "#/"}
    slashed = any(local and "/" not in local and "#" not in local for local in locals_of["/"])
    return header + ("/" if slashed and not locals_of["#"] else "#")


def _one(binding: Binding, known: set[str], first: Binding) -> Iterator[Finding]:
    prefix, namespace = binding.prefix, binding.namespace
    meant = near(namespace, known)
    if meant is not None:
        what = f"the prefix {prefix}: stands for <{namespace}>, which is nearly <{meant}> and is another namespace"
        yield _finding(binding, "near-namespace", what, f"write @prefix {prefix}: <{meant}>")
    elif PREFIXES.get(prefix, namespace) != namespace:
        what = f"the prefix {prefix}: stands for <{namespace}> here, and for <{PREFIXES[prefix]}> everywhere else"
        remedy = f"write @prefix {prefix}: <{PREFIXES[prefix]}>, or choose another prefix"
        yield _finding(binding, "prefix-not-canonical", what, remedy)
    elif prefix and first.namespace != namespace:
        what = f"the prefix {prefix}: stands for <{namespace}> here, and for <{first.namespace}> in {first.file}"
        yield _finding(binding, "prefix-rebound", what, "let one prefix mean one namespace in all files")
    usual = next((p for p, n in PREFIXES.items() if n == namespace), prefix)
    if prefix and usual != prefix:
        what = f"<{namespace}> has the prefix {prefix}: here, and {usual}: everywhere else"
        yield _finding(binding, "prefix-alias", what, f"use {usual}:")


def near(namespace: str, known: set[str]) -> str | None:
    """The known namespace that another one is nearly: other scheme, other end, or a slip of the pen."""
    if namespace in known:
        return None
    ended = next((f"{namespace}{end}" for end in "#/" if f"{namespace}{end}" in known), None)
    if ended is not None:
        return ended
    stems = {stem(iri): iri for iri in sorted(known)}
    if stem(namespace) in stems:
        return stems[stem(namespace)]
    return next((iri for iri in sorted(known) if _slip(namespace, iri)), None)


def _slip(one: str, other: str) -> bool:
    """Whether two texts differ in one run of characters only, no longer than a slip of the pen."""
    shorter = min(len(one), len(other))
    start = _shared(one, other)
    end = min(_shared(one[::-1], other[::-1]), shorter - start)
    return max(len(one), len(other)) - start - end <= _SLIP


def _shared(one: str, other: str) -> int:
    """With how many equal characters two texts begin."""
    return next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def _finding(binding: Binding, code: str, what: str, remedy: str) -> Finding:
    return check_finding(binding.file, binding.line, code, what, remedy)

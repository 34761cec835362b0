"""A proof over all patients as text, as JSON, and as Markdown for a pull request."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from reasoner.guideline.guideline import Guideline
from reasoner.render.paragraphs import Paragraph, below_blank, paragraph
from reasoner.workbench.declared import Acceptance
from reasoner.workbench.finding import Finding
from reasoner.workbench.prove.prove import CODES, Proof, ProofFinding
from reasoner.workbench.recordable import turtle
from reasoner.workbench.report import (
    Json,
    Markup,
    ReportWriter,
    block,
    bullets,
    code,
    fenced,
    marked,
    place,
    place_json,
    table,
    times,
)  # fmt: skip

_MOST_AXIOMS = 4


class ProofWriter(ReportWriter):
    """Writes what was proved of one guideline."""

    def __init__(self, guideline: Guideline, proof: Proof) -> None:
        super().__init__(guideline.prefixes)
        self.guideline, self.catalogue, self.proof = guideline, guideline.catalogue, proof
        self.broken = {f.about[0] for f in proof.findings if f.code in ("invariant-broken", "invariant-idle")}

    def findings(self) -> Iterator[Finding]:
        """All findings, those that are accepted too."""
        return iter(self.proof.findings)

    def witness(self, finding: ProofFinding) -> str | None:
        """The witness as Turtle; None where the finding has none."""
        return None if finding.witness is None else turtle(finding.witness, self.guideline)

    # -- JSON --

    def document(self) -> Json:
        """The whole proof as a JSON object."""
        proof = self.proof
        return {
            "atoms": proof.atoms,
            "profiles": proof.profiles,
            "silent": {"profiles": proof.silent, "share": proof.silent / proof.profiles},
            "invariants": [{"invariant": self.name(i.iri), "label": i.label, "holds": i.iri not in self.broken}
                           for i in proof.invariants],
            "open": len(proof.open),
            "findings": [self._object(finding) for finding in proof.findings],
        }  # fmt: skip

    def _object(self, finding: ProofFinding) -> Json:
        return {
            "code": finding.code,
            "state": "open" if finding.acceptance is None else "accepted",
            "what": finding.what,
            "about": self.names(finding.about),
            "present": self.names(finding.present),
            "absent": self.names(finding.absent),
            "profiles": finding.profiles,
            "share": float(finding.share),
            "witness": self.witness(finding),
            "axioms": [{"class": self.name(origin.term), **place_json(origin)} for origin in finding.axioms],
            "statements": self.names(finding.statements),
            "citations": list(self.catalogue.citations(finding.statements)),
            "acceptance": self._acceptance(finding.acceptance) if finding.acceptance else None,
        }

    def _acceptance(self, accepted: Acceptance) -> Json:
        return {"acceptance": self.name(accepted.iri), "reason": accepted.reason, **place_json(accepted.origin)}

    # -- text --

    def paragraphs(self) -> Iterator[Paragraph]:
        """The counts, the invariants, the open findings in full, and the accepted ones by reason."""
        yield from (paragraph((self._counted(), "bold")), paragraph())
        for declared in self.proof.invariants:
            mark, style = ("✘", "bold red") if declared.iri in self.broken else ("✔", "green")
            yield paragraph((f"{mark} ", style), f"{declared.label}  ", (self.name(declared.iri), "dim"))
        for finding in self.proof.open:
            head = ((f"[{finding.code}] ", "bold red"), finding.what)
            yield from (paragraph(), *block(head, self._lines(finding), self.witness(finding)))
        for accepted, count, name in self._accepted():
            title = f"{times(count, 'finding')}: {self.catalogue.label(accepted.iri)}  "
            yield from below_blank((f"accepted [{name}] ", "green"), title, (self.name(accepted.iri), "dim"))
            yield paragraph((accepted.reason, "italic"), indent=4)

    def _counted(self) -> str:
        proof = self.proof
        patients = f"{proof.profiles:,} complete profiles of {proof.atoms} conditions"
        accepted = len(proof.findings) - len(proof.open)
        found = f"{times(len(proof.open), 'open finding')}, {accepted} accepted"
        return f"{patients}: {found}; silent on {proof.silent / proof.profiles:.1%} of them."

    def _accepted(self) -> list[tuple[Acceptance, int, str]]:
        """The acceptances that are in use, with how many findings of which code each accepts."""
        counted = Counter((f.acceptance, f.code) for f in self.proof.findings)
        return [(accepted, count, code) for (accepted, code), count in counted.items() if accepted is not None]

    def _lines(self, finding: ProofFinding) -> Iterator[str]:
        """What a finding rests on, one line each."""
        for word, terms in (("present", finding.present), ("absent", finding.absent)):
            if terms:
                yield f"{word}: {', '.join(self.catalogue.labels.get(iri, iri) for iri in terms)}"
        if finding.profiles:
            yield f"covers {finding.profiles:,} profiles ({float(finding.share):.3%})"
        if finding.axioms:
            shown = [f"{self.name(o.term)} ({place(o)})" for o in finding.axioms[:_MOST_AXIOMS]]
            more = len(finding.axioms) - len(shown)
            yield f"axioms: {', '.join(shown)}{f' and {more} more' if more else ''}"
        if finding.statements:
            cited = ", ".join(self.catalogue.citations(finding.statements))
            yield f"statements: {', '.join(self.names(finding.statements))}{f'; references {cited}' if cited else ''}"
        yield "witness:" if finding.witness is not None else "no record shows it"

    # -- Markdown --

    def markdown(self) -> str:
        """A proof for a pull request: the open findings with their witnesses, the accepted ones as a table."""
        parts = [f"## Proof over all patients\n\n{self._counted()}\n", self._invariants()]
        parts += [self._section(finding) for finding in self.proof.open]
        rows = [(code(name), count, code(self.name(accepted.iri)), accepted.reason)
                for accepted, count, name in self._accepted()]  # fmt: skip
        accepted = table(("code", "findings", "acceptance", "reason"), rows)
        parts += [f"### Accepted\n\n{accepted}"] if accepted else []
        return "\n".join(filter(None, parts))

    def _invariants(self) -> str:
        return bullets(Markup(f"{'✘' if i.iri in self.broken else '✔'} {marked(i.label)} ({code(self.name(i.iri))})")
                       for i in self.proof.invariants)  # fmt: skip

    def _section(self, finding: ProofFinding) -> str:
        shown = bullets(self._lines(finding)) + fenced(self.witness(finding))
        return f"### {finding.code}\n\n{marked(finding.what)}\n\n_{CODES[finding.code]}_\n\n{shown}"

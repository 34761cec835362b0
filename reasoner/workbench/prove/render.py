"""A proof over all patients as text, as JSON, and as Markdown for a pull request."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from reasoner.guideline.guideline import Guideline
from reasoner.logic.compiled import Origin
from reasoner.render.json import ontology_file
from reasoner.terms import curie
from reasoner.workbench.declared import Acceptance
from reasoner.workbench.prove.prove import CODES, Finding, Proof
from reasoner.workbench.sayable import turtle

_MOST_AXIOMS = 4


class ProofRenderer:
    """Writes proofs of one guideline."""

    def __init__(self, guideline: Guideline) -> None:
        self.guideline, self.catalogue = guideline, guideline.catalogue
        self.prefixes = dict(guideline.prefixes)

    def witness(self, finding: Finding) -> str | None:
        """The witness as Turtle; None where the finding has none."""
        if finding.witness is None:
            return None
        return turtle(finding.witness, self.guideline)

    # -- JSON --

    def json(self, proof: Proof) -> str:
        """The whole proof as a JSON object."""
        document = {
            "atoms": proof.atoms,
            "profiles": proof.profiles,
            "silent": {"profiles": proof.silent, "share": proof.silent / proof.profiles},
            "invariants": [{"invariant": self._name(i.iri), "label": i.label, "holds": i.iri not in _broken(proof)}
                           for i in proof.invariants],
            "open": len(proof.open),
            "findings": [self._object(finding) for finding in proof.findings],
        }  # fmt: skip
        return json.dumps(document, indent=2, ensure_ascii=False) + "\n"

    def _object(self, finding: Finding) -> dict[str, Any]:
        return {
            "code": finding.code,
            "state": "open" if finding.accepted is None else "accepted",
            "what": finding.what,
            "about": self._names(finding.about),
            "present": self._names(finding.present),
            "absent": self._names(finding.absent),
            "profiles": finding.profiles,
            "share": float(finding.share),
            "witness": self.witness(finding),
            "axioms": [self._axiom(origin) for origin in finding.axioms],
            "statements": self._names(finding.statements),
            "citations": list(self.catalogue.citations(finding.statements)),
            "acceptance": self._acceptance(finding.accepted) if finding.accepted else None,
        }

    def _axiom(self, origin: Origin) -> dict[str, Any]:
        return {"class": self._name(origin.term), "file": ontology_file(origin.file), "line": origin.line}

    def _acceptance(self, accepted: Acceptance) -> dict[str, Any]:
        return {"acceptance": self._name(accepted.iri), "reason": accepted.reason,
                "file": ontology_file(accepted.origin.file), "line": accepted.origin.line}  # fmt: skip

    # -- text --

    def text(self, proof: Proof, console: Console) -> None:
        """Print a proof: the counts, the invariants, the open findings in full, and the accepted ones by reason."""
        console.print(Text(f"{self._counted(proof)}\n", style="bold"))
        for declared in proof.invariants:
            mark, style = ("✘", "bold red") if declared.iri in _broken(proof) else ("✔", "green")
            console.print(Text.assemble((f"{mark} ", style), f"{declared.label}  ", (self._name(declared.iri), "dim")))
        for finding in proof.open:
            console.print(Text.assemble("\n", (f"[{finding.code}] ", "bold red"), finding.what))
            for line in self._lines(finding):
                console.print(Padding(Text(line), (0, 0, 0, 4)))
            for line in (self.witness(finding) or "").splitlines():
                console.print(Padding(Text(line, style="cyan"), (0, 0, 0, 6)))
        for accepted, count, code in _accepted(proof):
            title = f"{_times(count)}: {self.catalogue.label(accepted.iri)}  "
            name = (self._name(accepted.iri), "dim")
            console.print(Text.assemble("\n", (f"accepted [{code}] ", "green"), title, name))
            console.print(Padding(Text(accepted.reason, style="italic"), (0, 0, 0, 4)))

    def _counted(self, proof: Proof) -> str:
        patients = f"{proof.profiles:,} complete profiles of {proof.atoms} conditions"
        found = f"{_times(len(proof.open), 'open ')}, {len(proof.findings) - len(proof.open)} accepted"
        return f"{patients}: {found}; silent on {proof.silent / proof.profiles:.1%} of them."

    def _lines(self, finding: Finding) -> Iterator[str]:
        """What a finding rests on, one line each."""
        if finding.present:
            yield f"present: {', '.join(map(self._labelled, finding.present))}"
        if finding.absent:
            yield f"absent: {', '.join(map(self._labelled, finding.absent))}"
        if finding.profiles:
            yield f"covers {finding.profiles:,} profiles ({float(finding.share):.3%})"
        if finding.axioms:
            shown = [f"{self._name(o.term)} ({_place(o)})" for o in finding.axioms[:_MOST_AXIOMS]]
            more = len(finding.axioms) - len(shown)
            yield f"axioms: {', '.join(shown)}{f' and {more} more' if more else ''}"
        if finding.statements:
            cited = ", ".join(self.catalogue.citations(finding.statements))
            yield f"statements: {', '.join(self._names(finding.statements))}{f'; references {cited}' if cited else ''}"
        yield "witness:" if finding.witness is not None else "no record shows it"

    # -- Markdown --

    def markdown(self, proof: Proof) -> str:
        """A proof for a pull request: the open findings with their witnesses, the accepted ones as a table."""
        parts = [f"## Proof over all patients\n\n{self._counted(proof)}\n", *self._invariants(proof)]
        parts += [self._section(finding) for finding in proof.open]
        rows = [f"| `{code}` | {count} | `{self._name(accepted.iri)}` | {accepted.reason} |\n"
                for accepted, count, code in _accepted(proof)]  # fmt: skip
        if rows:
            head = "### Accepted\n\n| code | findings | acceptance | reason |\n|---|---|---|---|\n"
            parts.append(head + "".join(rows))
        return "\n".join(parts)

    def _invariants(self, proof: Proof) -> list[str]:
        lines = [
            f"- {'✘' if i.iri in _broken(proof) else '✔'} {i.label} (`{self._name(i.iri)}`)\n" for i in proof.invariants
        ]
        return ["".join(lines)] if lines else []

    def _section(self, finding: Finding) -> str:
        lines = "".join(f"- {line}\n" for line in self._lines(finding))
        witness = self.witness(finding)
        shown = f"\n```turtle\n{witness}```\n" if witness else ""
        return f"### {finding.code}\n\n{finding.what}\n\n_{CODES[finding.code]}_\n\n{lines}{shown}"

    # -- names --

    def _name(self, iri: str) -> str:
        return curie(iri, self.prefixes)

    def _names(self, iris: Iterable[str]) -> list[str]:
        return [self._name(iri) for iri in iris]

    def _labelled(self, iri: str) -> str:
        return self.catalogue.labels.get(iri, iri)


def _broken(proof: Proof) -> set[str]:
    """The invariants that do not hold, or that say nothing."""
    return {f.about[0] for f in proof.findings if f.code in ("invariant-broken", "invariant-idle")}


def _accepted(proof: Proof) -> list[tuple[Acceptance, int, str]]:
    """The acceptances that are in use, with how many findings of which code each accepts."""
    counted = Counter((f.accepted, f.code) for f in proof.findings)
    return [(accepted, count, code) for (accepted, code), count in counted.items() if accepted is not None]


def _times(count: int, kind: str = "") -> str:
    return f"{count} {kind}finding{'' if count == 1 else 's'}"


def _place(origin: Origin) -> str:
    return f"{ontology_file(origin.file)}:{origin.line}"

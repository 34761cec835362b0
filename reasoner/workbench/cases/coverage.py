"""How much of a guideline its cases reach: statements, criteria, implicants and thresholds, and what is missing.

Only a case that passes counts, and only for what it expects: a fact that leads to an answer which nobody expects is not
tested.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from rdflib import DCTERMS, URIRef

from reasoner.guideline.guideline import Guideline
from reasoner.logic.clauses import Cube, atoms_of, bits
from reasoner.logic.compiled import literals_in
from reasoner.logic.decide import State, assumptions_of
from reasoner.logic.facts import kleene
from reasoner.logic.theory import Atom, Literals
from reasoner.patient.assess import Assessment
from reasoner.terms import GP, curie
from reasoner.workbench.cases.read import BESIDE, WHERE, WORD_FOR, WORKED
from reasoner.workbench.cases.run import CaseOutcome, bounds_of, side_of
from reasoner.workbench.witness import Record, Witnesses


@dataclass(frozen=True)
class Missing:
    """Something that no case reaches, what to write, and a record with which to begin where one can be given."""

    term: str
    what: str
    remedy: str
    record: Record | None = None


@dataclass(frozen=True)
class Measure:
    """How many things of one kind there are, and those that are missing."""

    kind: str
    counted: str
    total: int
    missing: Sequence[Missing]

    @property
    def reached(self) -> int:
        """How many things are reached."""
        return self.total - len(self.missing)


@dataclass(frozen=True)
class PassedCase:
    """What one passing case shows: the states that it expects, and the answer."""

    outcome: CaseOutcome
    result: Assessment
    states: dict[str, State]


def coverage(guideline: Guideline, outcomes: Sequence[CaseOutcome]) -> tuple[Measure, ...]:
    """What the cases that pass reach."""
    return CoverageCounter(guideline, outcomes).measures()


class CoverageCounter:
    """Counts what the passing cases of one guideline reach."""

    def __init__(self, guideline: Guideline, outcomes: Iterable[CaseOutcome]) -> None:
        self.guideline, self.compiled, self.catalogue = guideline, guideline.compiled, guideline.catalogue
        self.management = [cls.iri for cls in guideline.catalogue.management]
        self.shown = [PassedCase(one, one.result, self._expected(one)) for one in outcomes
                      if one.passed and isinstance(one.result, Assessment)]  # fmt: skip

    def measures(self) -> tuple[Measure, ...]:
        """Each kind of coverage."""
        return self._statements(), self._criteria(), self._implicants(), self._thresholds()

    def _expected(self, outcome: CaseOutcome) -> dict[str, State]:
        """The states that a case expects; of a complete one also those of the classes that it does not name."""
        unnamed = dict.fromkeys(self.management if outcome.case.kind == WORKED else (), State.EXCLUDED)
        return {**unnamed, **outcome.case.states()}

    def _name(self, iri: str) -> str:
        return curie(iri, self.guideline.prefixes)

    # -- statements --

    def _statements(self) -> Measure:
        reached = {statement for shown in self.shown for statement in self._reached(shown)}
        graph = self.guideline.graph
        reached |= {str(s) for s, part in graph.subject_objects(DCTERMS.hasPart) if str(part) in reached}
        missing = self.catalogue.in_text_order(self.catalogue.statements.keys() - reached)
        what = "statements that warrant or inform something that a case expects"
        return Measure("statements", what, len(self.catalogue.statements), list(map(self._unreached, missing)))

    def _reached(self, shown: PassedCase) -> Iterator[str]:
        """The statements behind what a case expects, and those that define what its record states."""
        case = shown.outcome.case
        entailed = {iri for iri, state in shown.states.items() if state is State.ENTAILED}
        for iri in entailed:
            yield from (*self.catalogue.warrants.get(iri, ()), *self.catalogue.informs.get(iri, ()))
        for conclusion in shown.result.conclusions:
            if conclusion.cls.iri in entailed:
                yield from (s for reason in conclusion.reasons for s in reason.statements)
        for check in self.guideline.content.checks:
            if check.shape in case.all("alert") or (case.one("verdict") and check.action == case.one("action")):
                yield from check.statements
        for fact in shown.result.decision.facts if shown.states else ():
            if fact.present:
                yield from map(str, self.guideline.graph.objects(URIRef(fact.term), GP.definedBy))

    def _unreached(self, iri: str) -> Missing:
        graph, node = self.guideline.graph, URIRef(iri)
        linked = {str(s) for p in (GP.warrantedBy, GP.informedBy, GP.definedBy) for s in graph.subjects(p, node)}
        names = sorted(self._name(term) for term in linked if term in self.compiled.rules)
        shapes = sorted(self._name(check.shape) for check in self.guideline.content.checks if iri in check.statements)
        parts = sorted(self._name(str(part)) for part in graph.objects(node, DCTERMS.hasPart))
        remedy = (
            f"expect one of {', '.join([*names, *shapes])}" if names or shapes
            else f"reach one of its parts: {', '.join(parts)}" if parts
            else "record what it defines, or link it: no class and no shape has it"
        )  # fmt: skip
        return Missing(iri, f"no case reaches {self._name(iri)}", remedy)

    # -- criteria --

    def _criteria(self) -> Measure:
        expected = {(iri, state) for shown in self.shown for iri, state in shown.states.items()}
        assuming = [shown.states for shown in self.shown if shown.outcome.case.all("assumes")]
        assumed = {iri for states in assuming for iri, state in states.items()
                   if state is State.EXCLUDED and self._only_assumed(iri)}  # fmt: skip
        expected |= {(iri, State.UNDETERMINED) for iri in assumed}
        wanted = [(iri, state) for iri in self.compiled.rules for state in self._possible(iri)]
        missing = [self._unexpected(iri, state) for iri, state in wanted if (iri, state) not in expected]
        what = "classes entailed, excluded and left open; of a class that only acts decide which unrecorded means " \
               "absent, excluded by an assumption that is expected"  # fmt: skip
        return Measure("criteria", what, len(wanted), missing)

    def _possible(self, iri: str) -> list[State]:
        rule = self.compiled.rules[iri]
        if rule.entailed_by and rule.excluded_by:
            return [State.ENTAILED, State.EXCLUDED, State.UNDETERMINED]
        return [State.ENTAILED] if rule.entailed_by else [State.EXCLUDED]

    @cached_property
    def _acts(self) -> int:
        return assumptions_of(self.compiled, tuple(self.catalogue.closable)).acts

    def _only_assumed(self, iri: str) -> bool:
        rule = self.compiled.rules[iri]
        return not atoms_of((*rule.entailed_by, *rule.excluded_by)) & ~self._acts

    def _unexpected(self, iri: str, state: State) -> Missing:
        name = self._name(iri)
        if state is State.UNDETERMINED and self._only_assumed(iri):
            remedy = f"leave the act unrecorded, and expect case:excludes {name} and case:assumes the act"
            return Missing(iri, f"no case has {name} excluded by an assumption", remedy)
        remedy = f"write one with case:{WORD_FOR[state]} {name}"
        if state is State.UNDETERMINED:
            return Missing(iri, f"no case leaves {name} open", remedy, ())
        terms = self.compiled.rules[iri].implicants(state is State.ENTAILED)
        return Missing(iri, f"no case expects {name} to be {state}", remedy, self._witnesses.record(terms[0]))

    # -- implicants --

    def _implicants(self) -> Measure:
        wanted = [(iri, state, term) for iri in self.management for state in (State.ENTAILED, State.EXCLUDED)
                  for term in self.compiled.rules[iri].implicants(state is State.ENTAILED)]  # fmt: skip
        missing = [self._unsatisfied(*one) for one in wanted if not self._satisfied(*one)]
        what = "minimal sets of conditions that entail or exclude a management class, each met where that is expected"
        return Measure("implicants", what, len(wanted), missing)

    def _satisfied(self, iri: str, state: State, term: Cube) -> bool:
        return any(shown.states.get(iri) is state and shown.result.decision.closed.satisfy(term)
                   for shown in self.shown)  # fmt: skip

    def _unsatisfied(self, iri: str, state: State, term: Cube) -> Missing:
        name, shown = self._name(iri), ", ".join(self._conditions(term))
        remedy = f"write one that says so, with case:{WORD_FOR[state]} {name}"
        return Missing(iri, f"no case shows that {name} is {state} by: {shown}", remedy, self._witnesses.record(term))

    def _conditions(self, term: Cube) -> Iterator[str]:
        """The conditions of a term under the names of the criteria and facts that state them."""
        closed, left = self.compiled.theory.close(Literals(term.pos, term.neg)), term.atoms
        for iri, expr in sorted(self.compiled.attributes.items()):
            truth = kleene(expr, closed) if literals_in(expr) & left else None
            if truth is not None:
                left &= ~literals_in(expr)
                yield f"{'' if truth else 'not '}{self._name(iri)}"
        for i in bits(left):
            yield f"{'' if term.pos >> i & 1 else 'not '}{self._name(self.guideline.reader.names[i])}"

    @cached_property
    def _witnesses(self) -> Witnesses:
        return Witnesses(self.guideline)

    # -- thresholds --

    def _thresholds(self) -> Measure:
        wanted = [(iri, atom, side) for iri in self.compiled.rules for atom in bounds_of(self.compiled, iri)
                  for side in (0, 1 if atom.strict else -1)]  # fmt: skip
        missing = [self._off(*one) for one in wanted if not self._beside(*one)]
        what = f"bounds met by a number at the bound, and by one within {BESIDE} of it where the answer is the other"
        return Measure("thresholds", what, len(wanted), missing)

    def _beside(self, iri: str, atom: Atom, side: int) -> bool:
        settled = (State.ENTAILED, State.EXCLUDED)
        return any(shown.states.get(iri) in settled and side_of(atom, shown.outcome.trial) == side
                   for shown in self.shown)  # fmt: skip

    def _off(self, iri: str, atom: Atom, side: int) -> Missing:
        there, name = f"{self._name(atom.path[-1])} {WHERE[side]} {atom.bound}", self._name(iri)
        remedy = f"record {there}, and expect {name} to be entailed or excluded"
        return Missing(iri, f"no case has {there}, where {name} changes", remedy)

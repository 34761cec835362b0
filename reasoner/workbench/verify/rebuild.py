"""An assessment made anew from what an answer claims: its facts alone give its reasons, and these all that follows.

What only the record can tell is taken as it is claimed: where a fact comes from, the questions, what an order needs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations, islice, product
from typing import NamedTuple

from msgspec.structs import replace

from reasoner.guideline.guideline import Guideline
from reasoner.logic.ask import Question
from reasoner.logic.clauses import bits
from reasoner.logic.compiled import ClassBits
from reasoner.logic.decide import Decision, State, state_of
from reasoner.logic.facts import ASSUMED, Basis, Fact, Observation
from reasoner.logic.index import union_of
from reasoner.logic.justify import Derivation, FactSet
from reasoner.logic.theory import Literals
from reasoner.patient.assess import Assessment, Conclusion, Justified, assessor_of
from reasoner.patient.orders import SILENT, Order, OrderReview
from reasoner.workbench.verify.claims import (
    ClaimedAssessment,
    ClaimedConclusion,
    ClaimedFact,
    ClaimedOrder,
    ClaimedReason,
)

#: How many meanings of the facts of one reason are tried.
_TRIED = 256


class Fault(NamedTuple):
    """What is wrong with a claim: a code, the term concerned, and what it is."""

    code: str
    term: str
    what: str


class FactMeanings:
    """The literals that a claimed fact can stand for: of each property that a record can state it by, and of all."""

    def __init__(self, guideline: Guideline) -> None:
        self.reader, self.guideline = guideline.reader, guideline
        compiled = guideline.compiled
        self.theory = compiled.theory
        atoms = [atom for atom in compiled.theory.atoms if atom.path]
        of_things = {atom.path for atom in atoms if not compiled.properties[atom.path[-1]].data}
        self.paths = sorted(of_things | {(iri,) for iri, rule in compiled.properties.items() if not rule.data})
        self.values = sorted({atom.path for atom in atoms if atom.kind == "value"})
        self.quantities = sorted({atom.path for atom in atoms if compiled.properties[atom.path[-1]].data})
        individuals = {"", *(atom.target for atom in atoms if atom.kind == "value"), *sum(compiled.different, ())}
        self.individuals = sorted(individuals)
        closing = assessor_of(guideline).closing
        self.assumed = {fact.term: fact for fact in closing.facts(closing.acts << closing.size)}

    def of(self, fact: ClaimedFact) -> list[Literals]:
        """What the fact can mean, the least first; nothing where no record can state it."""
        if fact.by == ASSUMED:
            assumed = self.assumed.get(fact.term)
            return [assumed.literals] if assumed and fact.state == "absent" else []
        read = (one for seen in self._observations(fact) for one in self.reader.read([seen]))
        found = list(dict.fromkeys(one.literals for one in read if (one.term, one.state) == (fact.term, fact.state)))
        joint = [_union(some) for size in {2, len(found)} for some in combinations(found, size)]
        return list(dict.fromkeys([*found, *joint]))

    def _observations(self, fact: ClaimedFact) -> Iterator[Observation]:
        """What a record can state so that the fact might come from it."""
        low, high = fact.bounds
        present = fact.state == "present"
        yield from (Observation(path, "class", fact.term, present) for path in self.paths)
        yield from (Observation(path, "number", low=low, high=high) for path in self.quantities)
        yield from (Observation(path, "value", value) for path in self.values for value in self.individuals)


def _union(some: Iterable[Literals]) -> Literals:
    """The literals of all of them."""
    found = Literals()
    for one in some:
        found = found.union(one)
    return found


class Rebuilder:
    """Makes assessments by one guideline anew; `faults` are what it finds wrong in the claim that it is given."""

    def __init__(self, guideline: Guideline) -> None:
        self.guideline, self.meanings = guideline, FactMeanings(guideline)
        self.assessor, self.index = assessor_of(guideline), guideline.compiled.index
        self.theory = guideline.compiled.theory
        self.management = {cls.iri: cls for cls in guideline.catalogue.management}

    def rebuilt(self, claim: ClaimedAssessment, lean: bool) -> tuple[Assessment | None, list[Fault]]:
        """The assessment, and what is wrong with the claim; None where that leaves nothing to compare."""
        faults = [*self._unknown(claim)]
        found: dict[str, Conclusion] = {}
        for one in claim.conclusions if not faults else ():
            found[one.iri] = self._conclusion(one, faults)
        if faults:
            return None, faults
        reasons = [justified.reason for one in found.values() for justified in one.reasons]
        decision = self._decision(claim, found, [fact for reason in reasons for fact in reason.facts], faults)
        if decision is None or faults:
            return None, faults
        conclusions = tuple(self._all_conclusions(decision, found, lean, faults))
        faults += self._unfit(claim, decision)
        return self._assessment(claim, conclusions, decision), faults

    def _assessment(
        self, claim: ClaimedAssessment, conclusions: tuple[Conclusion, ...], decision: Decision
    ) -> Assessment:
        by_shape = {check.shape: check for check in self.assessor.alerts.checks}
        claimed = tuple(by_shape[one.shape] for one in claim.alerts if one.shape in by_shape)
        return Assessment(
            patient=claim.patient, as_of=claim.as_of, status=self.assessor.status(decision), conclusions=conclusions,
            questions=tuple(Question(one.ask, one.decides) for one in claim.questions),
            assumptions=self.assessor.assumptions(decision), decision=decision,
            alerts=self.assessor.alerts.of(decision.answers) if claim.settled else claimed,
            orders=tuple(self._order(one, decision.answers if claim.settled else None)
                         for one in sorted(claim.orders, key=lambda one: one.action)),
            context=self.assessor.context(self._with_context(claim, decision)), notes=claim.notes, record=claim.digest,
        )  # fmt: skip

    def _with_context(self, claim: ClaimedAssessment, decision: Decision) -> Decision:
        """The decision with the criteria of which something is told: in JSON no reason need show that they hold."""
        told = [] if claim.settled else [self.index.class_bits[note.term] for note in claim.context]
        return replace(decision, answers=decision.answers | union_of(cls.entailed for cls in told))

    def _unknown(self, claim: ClaimedAssessment) -> Iterator[Fault]:
        """Classes that the guideline does not conclude, or that are concluded twice, and unknown classes."""
        concluded = [one.iri for one in claim.conclusions]
        for iri in dict.fromkeys(concluded):
            if iri not in self.management:
                yield Fault("unknown-term", iri, "the guideline draws no conclusion on this class")
            elif concluded.count(iri) > 1:
                yield Fault("state-differs", iri, "the class is concluded more than once")
        for iri in [*sum(claim.settled or (), ()), *(note.term for note in claim.context)]:
            if iri not in self.index.class_bits:
                yield Fault("unknown-term", iri, "the guideline does not define this class")

    def _conclusion(self, claimed: ClaimedConclusion, faults: list[Fault]) -> Conclusion:
        """The conclusion with the reasons that its facts give."""
        state, cls = claimed.state, self.index.class_bits[claimed.iri]
        if state is State.UNDETERMINED and claimed.reasons:
            faults.append(Fault("state-differs", claimed.iri, "the class has a reason, and is called undetermined"))
        elif state is not State.UNDETERMINED and not claimed.reasons:
            faults.append(Fault("without-reason", claimed.iri, f"the class is {state} without a reason"))
        found: list[tuple[Derivation, Justified]] = []
        for number, reason in enumerate(claimed.reasons, 1):
            one = self._justified(cls, state, reason, number)
            if isinstance(one, Fault):
                faults.append(one)
            else:
                found.append(one)
        ranked = sorted(found, key=lambda one: one[0].rank)
        return Conclusion(self.management[claimed.iri], state, tuple(justified for _, justified in ranked))

    def _justified(
        self, cls: ClassBits, state: State, claimed: ClaimedReason, number: int
    ) -> tuple[Derivation, Justified] | Fault:
        """The reason that these facts are for a state, and all of them are needed for; else what is wrong."""
        options = [[_fact(one, literals) for literals in self.meanings.of(one)] for one in claimed.facts]
        for one, meanings in zip(claimed.facts, options, strict=True):
            if not meanings:
                return Fault(
                    "unknown-fact", one.term, f"no record states the fact as reason {number} of {cls.iri} does"
                )
        tried = [self._derived(cls, state, facts) for facts in islice(product(*options), _TRIED)]
        whole = [one for some in tried for one in some or () if len(one[0].assertions) == len(claimed.facts)]
        if whole:
            terms = {axiom.term for axiom in claimed.axioms}
            return next((one for one in whole if {axiom.term for axiom in one[0].axioms} == terms), whole[0])
        if any(tried):
            return Fault("needless-fact", cls.iri, f"without one of the facts of reason {number} it is {state}, too")
        return Fault("not-entailed", cls.iri, f"the facts of reason {number} do not make the class {state}")

    def _derived(self, cls: ClassBits, state: State, facts: Sequence[Fact]) -> list[tuple[Derivation, Justified]]:
        """The reasons by some of these facts; none where they give another state."""
        satisfied = self.index.terms.satisfied(self.theory.entailed([fact.literals for fact in facts]))
        answers = self.index.answers(satisfied)
        if state is State.UNDETERMINED or state_of(cls, answers) is not state:
            return []
        known, justifier = FactSet(self.assessor.justifier, facts, satisfied, answers), self.assessor.justifier
        terms = satisfied & (cls.entailing if state is State.ENTAILED else cls.excluding)
        found = [*known.answer(cls)[1]]
        found += [one for term in bits(terms) for one in justifier.of_term(cls, term, known.facts, terms)]
        return [(one, Justified(known.reason(one), *one.cited)) for one in found]

    def _decision(
        self, claim: ClaimedAssessment, found: dict[str, Conclusion], facts: list[Fact], faults: list[Fault]
    ) -> Decision | None:
        """What all facts of the answer settle, with what it says is settled besides."""
        names = list(dict.fromkeys(one.term for one in claim.assumptions))
        faults += [Fault("unknown-fact", name, "this is nothing that is assumed") for name in names
                   if name not in self.meanings.assumed]  # fmt: skip
        faults += [Fault("not-assumed", fact.term, "a reason assumes what the answer does not list as assumed")
                   for fact in dict.fromkeys(facts) if fact.by == ASSUMED and fact.term not in names]  # fmt: skip
        if faults:
            return None
        order = list(self.meanings.assumed)
        assumed = tuple(self.meanings.assumed[name] for name in sorted(names, key=order.index))
        literals = self.theory.entailed([fact.literals for fact in (*facts, *assumed)])
        if self.theory.clashes(literals):
            faults.append(Fault("facts-conflict", "", "the facts of the answer cannot hold together"))
            return None
        satisfied = self.index.terms.satisfied(literals)
        settled = self.index.answers(satisfied)
        answers = self._claimed_answers(claim, settled)
        faults += self._contradicted(found, settled, answers)
        return Decision(self.guideline.compiled, tuple(facts), assumed, 0, literals, satisfied, answers)

    def _claimed_answers(self, claim: ClaimedAssessment, settled: int) -> int:
        if claim.settled is None:
            return settled
        entailed, excluded = ([self.index.class_bits[iri] for iri in set(side)] for side in claim.settled)
        return sum(cls.entailed for cls in entailed) + sum(cls.excluded for cls in excluded)

    def _contradicted(self, found: dict[str, Conclusion], settled: int, answers: int) -> Iterator[Fault]:
        """Classes of which the answer says one thing, and its own facts, or its other part, another."""
        for iri, cls in self.index.class_bits.items():
            by_facts, said = state_of(cls, settled), state_of(cls, answers)
            claimed = found[iri].state if iri in found else said
            if answers & cls.entailed and answers & cls.excluded:
                yield Fault("state-differs", iri, "the class is both entailed and excluded")
            elif claimed is not said:
                yield Fault("state-differs", iri, f"the conclusion is {claimed}, and the assessment says {said}")
            elif by_facts is not State.UNDETERMINED and by_facts is not said:
                yield Fault("state-differs", iri, f"the class is {said}, and by the facts of the answer {by_facts}")

    def _all_conclusions(
        self, decision: Decision, found: dict[str, Conclusion], lean: bool, faults: list[Fault]
    ) -> Iterator[Conclusion]:
        """The conclusions in reading order; in a lean answer those that exclude are not written."""
        for iri, cls in self.management.items():
            if iri in found:
                yield found[iri]
            elif lean and decision.state(iri) is State.EXCLUDED:
                yield Conclusion(cls, State.EXCLUDED, ())
            else:
                faults.append(Fault("without-conclusion", iri, "nothing is concluded of the class"))

    def _unfit(self, claim: ClaimedAssessment, decision: Decision) -> Iterator[Fault]:
        """Alerts that are none, what is told of classes that do not hold, and questions that decide what is decided."""
        for note in claim.context:
            open_criterion = note.term not in self.management and not claim.settled
            state = decision.state(note.term)
            if state is not State.ENTAILED and not (open_criterion and state is State.UNDETERMINED):
                yield Fault("state-differs", note.term, f"something is told of its members, and the class is {state}")
        shapes = {check.shape for check in self.assessor.alerts.checks}
        for alert in claim.alerts:
            if alert.shape not in shapes:
                yield Fault("unknown-term", alert.shape, "the guideline has no alert by this shape")
        for question in claim.questions:
            for iri in question.decides:
                if iri not in self.management or decision.state(iri) is not State.UNDETERMINED:
                    yield Fault(
                        "state-differs", iri, "a question is said to decide the class, which is not undetermined"
                    )

    def _order(self, claimed: ClaimedOrder, answers: int | None) -> Order:
        """The review of an action: its verdict by the answers for all classes where the answer has them."""
        row = OrderReview(self.index, self.guideline.checks_of(claimed.action))
        if not row.checks:
            return Order(claimed.action, SILENT, None, (), (), claimed.nodes)
        check, verdict = (None, claimed.verdict) if answers is None else row.verdict(answers)
        statements = sorted({statement for one in row.checks for statement in one.statements})
        return Order(claimed.action, verdict, check, tuple(statements), claimed.needs, claimed.nodes)


def _fact(claimed: ClaimedFact, literals: Literals) -> Fact:
    low, high = claimed.bounds
    statements = tuple((one.node, one.prop, one.value, one.datatype) for one in claimed.evidence)
    present = claimed.state == "present"
    return Fact(
        claimed.term, present, claimed.source, claimed.by, literals, low, high, Basis(claimed.rules, statements)
    )

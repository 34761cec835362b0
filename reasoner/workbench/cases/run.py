"""Running cases: what is decided of each record, and where that is not what the case expects.

A record is observed once. What follows from it is compared in two steps, so that the first, which needs no reasons and
no questions, can be repeated for guidelines that differ in their axioms alone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from reasoner.errors import Problem, RecordError
from reasoner.guideline.guideline import Guideline
from reasoner.guideline.shapes import StateShape
from reasoner.logic.compiled import Compiled, Origin, literals_in
from reasoner.logic.decide import Decision, State
from reasoner.logic.facts import Observation
from reasoner.logic.theory import Atom
from reasoner.patient.assess import Assessment, Assessor, Refusal, assess
from reasoner.patient.orders import SILENT, OrderReview
from reasoner.rdf import read_text
from reasoner.records.nodes import RecordSource
from reasoner.records.record import gather
from reasoner.terms import curie
from reasoner.workbench.cases.read import BESIDE, KNOWN, OF_ORDER, SIDES, STATES, WHERE, WORKED, Case
from reasoner.workbench.finding import DOCUMENT, Finding, Severity
from reasoner.workbench.lookup import known_terms
from reasoner.workbench.report import Progress, unwatched


@dataclass(frozen=True)
class Trial:
    """A case with what its record states: the observations, or why the record is refused before anything is decided."""

    case: Case
    observations: tuple[Observation, ...]
    refused: tuple[Problem, ...] = ()

    @property
    def refusal(self) -> Refusal | None:
        """The answer where the record is refused."""
        return Refusal(self.case.patient, self.refused) if self.refused else None


@dataclass(frozen=True)
class CaseOutcome:
    """A case that was run."""

    trial: Trial
    result: Assessment | Refusal
    failures: tuple[Finding, ...]

    @property
    def case(self) -> Case:
        return self.trial.case

    @property
    def passed(self) -> bool:
        """Whether all that the case expects is so."""
        return not self.failures


def run_cases(guideline: Guideline, cases: Sequence[Case], as_of: date, watch: Progress = unwatched
              ) -> tuple[CaseOutcome, ...]:  # fmt: skip
    """Every case run; a record without a date of its own is read as of `as_of`."""
    checker = CaseChecker(guideline)
    trials = observe_cases(guideline, cases, as_of)
    return tuple(_outcome(checker, trial, trial.case.as_of or as_of) for trial in watch(trials, "running cases"))


def observe_cases(guideline: Guideline, cases: Sequence[Case], as_of: date) -> tuple[Trial, ...]:
    """What the record of each case states: validated, completed by the rules, observed.

    What the compiled contract cannot validate goes to the reference, all of one day at once.
    """
    found, left = dict[str, Trial](), defaultdict[date, list[Case]](list)
    for case in cases:
        day, source = case.as_of or as_of, RecordSource(case.file, "nt", case.record.encode())
        plain = guideline.compiled_contract.validate([source], day)
        if plain is None or case.patient not in plain.observed:
            left[day].append(case)
        else:
            one = plain.observed[case.patient]
            found[case.patient] = Trial(case, one.observations, one.problems)
    for day, some in left.items():
        found |= _by_reference(guideline, some, day)
    return tuple(found[case.patient] for case in cases)


def _by_reference(guideline: Guideline, cases: Sequence[Case], day: date) -> dict[str, Trial]:
    records = gather([read_text(case.record, case.file, format="nt") for case in cases])
    seen, refused = guideline.reference.observe(records, day)
    found = {}
    for case in cases:
        observations, _, problems, _ = seen.get(case.patient, ((), "", refused.get(case.patient, ()), ()))
        found[case.patient] = Trial(case, observations, problems)
    return found


def _outcome(checker: CaseChecker, trial: Trial, day: date) -> CaseOutcome:
    case, guideline = trial.case, checker.guideline
    try:
        result = trial.refusal or assess(guideline, case.patient, trial.observations, day)
    except RecordError as error:
        result = Refusal(case.patient, error.problems)
    if isinstance(result, Refusal):
        return CaseOutcome(trial, result, tuple(checker.failures(case, result)))
    failures = [*checker.failures(case, checker.decided_in(result)), *_explained(checker, case, result),
                *checker.side(trial)]  # fmt: skip
    return CaseOutcome(trial, result, tuple(failures))


def _failure(case: Case, word: str, value: str, what: str) -> Finding:
    """An expectation that is not satisfied: its word is what the finding is about, its value the term."""
    where = Origin(value, case.file, case.line(word, value))
    return Finding("case-failed", Severity.ERROR, what, where, "correct the case, or the axioms", DOCUMENT, (word,))


def _of_refusal(case: Case, codes: Sequence[str]) -> Iterator[Finding]:
    """What a case expects otherwise of a record that is refused (no code: one that is not)."""
    for code in sorted(case.all("refused") - set(codes)):
        yield _failure(case, "refused", code, f"the record is not refused as {code}")
    for code in sorted(set(codes) - case.all("refused")):
        yield _failure(case, "refused", code, f"the record is refused: {code}")


@dataclass(frozen=True)
class CaseAnswer:
    """What is decided of one record, without reasons."""

    states: Mapping[str, State]
    status: str
    assumed: frozenset[str]
    known: Mapping[str, bool]
    alerts: frozenset[str]
    verdicts: Mapping[str, str]


class CaseChecker:
    """Decides records by one guideline and compares with what cases expect."""

    def __init__(self, guideline: Guideline) -> None:
        self.guideline, self.compiled, self.assessor = guideline, guideline.compiled, Assessor(guideline)
        self.management = [cls.iri for cls in guideline.catalogue.management]

    def decide(self, observations: Sequence[Observation], action: str = "") -> CaseAnswer | Refusal:
        """What is decided of a record that was observed, and of one action that it proposes."""
        try:
            decision = self.assessor.decide(observations)
        except RecordError as error:
            return Refusal(None, error.problems)
        row = OrderReview(self.compiled.index, self.guideline.checks_of(action)) if action else None
        verdict = row.verdict(decision.answers)[1] if row and row.checks else SILENT
        alerts = self.assessor.alerts.of(decision.answers)
        return self._answer(decision, self.assessor.status(decision), alerts, {action: verdict})

    def decided_in(self, result: Assessment) -> CaseAnswer:
        """The same of an assessment."""
        verdicts = {order.action: order.verdict for order in result.orders}
        return self._answer(result.decision, result.status, result.alerts, verdicts)

    def _answer(
        self, decision: Decision, status: str, alerts: Iterable[StateShape], verdicts: Mapping[str, str]
    ) -> CaseAnswer:
        assumed = frozenset(fact.term for fact in decision.assumed)
        known = known_terms(self.compiled, self.compiled.theory.from_bits(decision.recorded))
        shapes = frozenset(check.shape for check in alerts)
        return CaseAnswer(decision.states, status, assumed, known, shapes, verdicts)

    def differs(self, trial: Trial) -> bool:
        """Whether what is decided is not what the case expects."""
        case = trial.case
        return any(self.failures(case, trial.refusal or self.decide(trial.observations, case.one("action"))))

    def failures(self, case: Case, decided: CaseAnswer | Refusal) -> Iterator[Finding]:
        """Where what is decided is not what a case expects."""
        codes = {problem.code for problem in decided.problems} if isinstance(decided, Refusal) else set()
        for code in sorted(case.all("refused") - codes):
            yield _failure(case, "refused", code, f"the record is not refused as {code}")
        for code in sorted(codes - case.all("refused")):
            yield _failure(case, "refused", code, f"the record is refused: {code}")
        if isinstance(decided, CaseAnswer):
            for expected in (self._states, self._known, self._others):
                yield from expected(case, decided)

    def _known(self, case: Case, decided: CaseAnswer) -> Iterator[Finding]:
        for word, truth in KNOWN.items():
            for iri in case.expected.get(word, ()):
                if decided.known.get(iri) is not truth:
                    so = {True: "present", False: "absent", None: "not known"}[decided.known.get(iri)]
                    yield self._failure(case, word, iri, f"is {so} by the record, and is to be {word}")

    def _states(self, case: Case, decided: CaseAnswer) -> Iterator[Finding]:
        expected, named = case.states(), frozenset[str]().union(*map(case.all, STATES))
        for iri, state in expected.items():
            actual = decided.states[iri]
            closed = actual is State.EXCLUDED and bool(case.all("assumes") & decided.assumed)
            lenient = iri not in named and state is State.UNDETERMINED and closed
            if actual is not state and not lenient:
                word = next((w for w, s in STATES.items() if s is state and iri in case.all(w)), "criterion")
                yield self._failure(case, word, iri, f"is {actual}, and is to be {state}")
        if case.kind == WORKED:
            for iri in self.management:
                if iri not in expected and decided.states[iri] is not State.EXCLUDED:
                    what = f"is {decided.states[iri]}, and is to be excluded, because the case does not name it"
                    yield self._failure(case, "record", iri, what)

    def _others(self, case: Case, decided: CaseAnswer) -> Iterator[Finding]:
        if case.one("status") not in ("", decided.status):
            yield self._failure(case, "status", case.one("status"), f"is expected, and the status is {decided.status}")
        yield from self.listed(case, "assumes", decided.assumed, exact=case.kind == WORKED)
        yield from self.listed(case, "alert", decided.alerts, exact=case.kind == OF_ORDER)
        verdict = decided.verdicts.get(case.one("action"), "not asked for in the record")
        if case.one("verdict") not in ("", verdict):
            yield self._failure(case, "verdict", case.one("verdict"), f"is expected, and the verdict is {verdict}")

    def listed(self, case: Case, word: str, found: Iterable[str], *, exact: bool) -> Iterator[Finding]:
        """Values of a word that are not found; with `exact`, also those found that the case does not have."""
        for value in sorted(case.all(word) - set(found)):
            yield self._failure(case, word, value, "is expected, and is not in the answer")
        for value in sorted(set(found) - case.all(word)) if exact else ():
            yield self._failure(case, word, value, "is in the answer, and the case does not name it")

    def _failure(self, case: Case, word: str, value: str, what: str) -> Finding:
        return _failure(case, word, value, f"{curie(value, self.guideline.prefixes)} {what}")

    def side(self, trial: Trial) -> Iterator[Finding]:
        """Whether the number of a case lies on the side of the threshold that it names."""
        case, iri = trial.case, trial.case.one("threshold")
        wanted = SIDES.get(case.one("side"))
        if wanted is not None and wanted not in (side_of(atom, trial) for atom in bounds_of(self.compiled, iri)):
            what = f"has no bound that a number of the record lies {WHERE[wanted]}"
            yield self._failure(case, "threshold", iri, what)


def bounds_of(compiled: Compiled, iri: str) -> list[Atom]:
    """The thresholds that stand in the definition of a class itself."""
    numbers = literals_in(compiled.rules[iri].definition)
    return [atom for i, atom in enumerate(compiled.theory.atoms) if numbers >> i & 1 and atom.kind == "above"]


def side_of(atom: Atom, trial: Trial) -> int | None:
    """Where the recorded number lies, if it is at the bound (0) or just below (-1) or above it (1)."""
    for one in trial.observations:
        if one.kind == "number" and one.path == atom.path and one.low is not None and one.low == one.high:
            away = one.low - atom.bound
            if abs(away) <= Decimal(BESIDE):
                return (away > 0) - (away < 0)
    return None


def _explained(checker: CaseChecker, case: Case, result: Assessment) -> Iterator[Finding]:
    """Where reasons, questions and needs are not what a case expects."""
    orders = [order for order in result.orders if order.action == case.one("action")]
    entailed = [r for c in result.conclusions if c.state is State.ENTAILED for r in c.reasons]
    statements = {s for one in (orders if case.one("action") else entailed) for s in one.statements}
    cited = checker.guideline.catalogue.citations(statements)
    exact = case.kind in (WORKED, OF_ORDER)
    yield from checker.listed(case, "statement", statements, exact=exact)
    yield from checker.listed(case, "citation", cited, exact=case.kind == WORKED)
    yield from checker.listed(case, "asks", {a for q in result.questions for a in q.ask}, exact=False)
    needs = {need for order in orders for need in order.needs}
    yield from checker.listed(case, "needs", needs, exact=case.one("needsNothing") == "true")

"""The compiled engine gives the answers that OWL 2 entails: HermiT's, on random records and on small ontologies.

The small ontologies hold one difficulty each (`tests/small`); what lies outside the fragment is refused; reasons are
minimal; and what is true of every record, whatever it says, is tried on many.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_records import Case, Record, Records, as_graph, describe
from rdflib import BNode, Graph, Literal

from reasoner.errors import EngineError, FragmentError, GuidelineError
from reasoner.logic.compile import compile_axioms
from reasoner.logic.compiled import Compiled
from reasoner.logic.decide import Decision, State, decide, state
from reasoner.logic.facts import FactReader, Observation, known
from reasoner.logic.justify import reasons
from reasoner.logic.owl import read_axioms
from reasoner.patient.hermit import decide_profiles
from reasoner.rdf import read_graph
from reasoner.records.observe import observe
from reasoner.terms import GP

ROOT = Path(__file__).parents[2]
CORE = ROOT / "ontology" / "core.ttl"
SMALL = sorted((ROOT / "tests" / "small").glob("*.ttl"))
NAMES = [path.stem for path in SMALL]
MAIN = "the guideline"
SEED = 20260301
FOREVER = 600.0

steady = settings(derandomize=True, database=None, deadline=None, max_examples=150)


@dataclass(frozen=True)
class Model:
    """A guideline that is compiled, its graphs, and the acts that are read as not done where nobody recorded them."""

    compiled: Compiled
    graphs: tuple[Graph, ...]
    closable: tuple[str, ...]

    @property
    def classes(self) -> list[str]:
        return sorted(self.compiled.rules)

    def records(self, seed: int = SEED) -> Records:
        return Records(self.compiled, seed, self.closable)

    def decision(self, record: Sequence[Observation], closable: Sequence[str] | None = None) -> Decision:
        acts = self.closable if closable is None else closable
        return decide(self.compiled, FactReader(self.compiled).read(record), acts)


@cache
def model(name: str) -> Model:
    files = (
        sorted((ROOT / "ontology").glob("*.ttl")) if name == MAIN else [CORE, ROOT / "tests" / "small" / f"{name}.ttl"]
    )
    parsed = [read_graph(path, imports=True) for path in files]
    closable = {str(act) for part in parsed for act in part.graph.subjects(GP.unrecordedMeans, GP.Absent)}
    return Model(compile_axioms(read_axioms(parsed)), tuple(p.graph for p in parsed), tuple(sorted(closable)))


# -- both engines --


def differences(own: Model, records: Records, cases: Sequence[Case]) -> Iterator[str]:
    """What the engines answer differently, as one can read it."""
    for closing in (True, False):
        chosen = [case for case in cases if case.closing is closing]
        profiles = [case.record for case in chosen]
        acts = own.closable if closing else ()
        answers = decide_profiles(own.graphs, profiles, own.classes, acts, timeout=FOREVER)
        for case, answer in zip(chosen, answers, strict=True):
            compiled = records.states(case)
            if compiled != answer:
                pairs = {iri: (s.value, answer and answer[iri].value) for iri, s in (compiled or {}).items()}
                told = {iri: pair for iri, pair in pairs.items() if pair[0] != pair[1]}
                yield f"{describe(case.record)}\n  closing {closing}: compiled, HermiT: {told or (compiled, answer)}"


def test_engines_agree_on_a_thousand_stratified_records() -> None:
    own = model(MAIN)
    records = own.records()
    cases = records.stratified(own.classes, 1000, quota=10)
    counts = Counter(pair for case in cases for pair in (records.states(case) or {}).items())
    assert {(iri, s): counts[iri, s] for iri in own.classes for s in State if counts[iri, s] < 10} == {}
    assert "\n".join(differences(own, records, cases)) == ""


def test_the_small_ontologies_are_all_there() -> None:
    assert NAMES == [
        "case-analysis",
        "closing",
        "facets",
        "fillers",
        "general",
        "paths",
        "properties",
        "ternary",
        "values",
    ]


@pytest.mark.parametrize("name", NAMES)
def test_engines_agree_on_a_small_ontology(name: str) -> None:
    own = model(name)
    records = own.records()
    cases = [Case(records.draw() if i % 4 else records.careless(), bool(i % 3)) for i in range(200)]
    cases += [Case((seen,), False) for seen in records.all]
    assert "\n".join(differences(own, records, cases)) == ""
    assert {records.states(case) is None for case in cases} >= {False}


# -- what each small ontology is there for --


def small(name: str, local: str) -> str:
    return f"https://example.org/{name}#{local}"


def read(name: str, *lines: str) -> Record:
    """Observations as `+Hum`, `-Hum` (a finding), `+!Trial` (an act), `hours=5` or `place=North`."""
    return tuple(_observation(name, line) for line in lines)


def _observation(name: str, line: str) -> Observation:
    left, equals, right = line.partition("=")
    if not equals:
        prop = GP.underwent if "!" in line else GP.hasFinding
        return Observation((str(prop),), "class", small(name, line.lstrip("+-!")), line.startswith("+"))
    path = tuple(small(name, step) for step in left.split("/"))
    if right[0].isdigit():
        return Observation(path, "number", low=Decimal(right), high=Decimal(right))
    return Observation(path, "value", small(name, right))


ENTAILED, EXCLUDED, OPEN = State.ENTAILED, State.EXCLUDED, State.UNDETERMINED
WORKED: list[tuple[str, tuple[str, ...], dict[str, State]]] = [
    ("case-analysis", ("+!Trial",), {"EitherWay": ENTAILED, "Blurred": OPEN}),
    ("case-analysis", ("+Hum",), {"ByCover": ENTAILED, "Blurred": OPEN, "Tilted": OPEN}),
    ("case-analysis", ("+Hum", "+!Trial", "hours=6"), {"Chain": ENTAILED, "Blurred": OPEN}),
    ("case-analysis", ("+Tilt", "+!Trial"), {"Split": ENTAILED, "Long": OPEN}),
    ("case-analysis", ("-Blur", "-Tilt"), {"ByCover": EXCLUDED}),
    ("ternary", ("+Blue",), {"RedGreen": EXCLUDED, "NotRedGreen": ENTAILED, "RedOne": OPEN, "GreenOne": OPEN}),
    ("ternary", ("+Blue", "+Red"), {"GreenOne": EXCLUDED, "RedGreenGrey": EXCLUDED}),
    ("ternary", (), {"All": EXCLUDED, "RedGreen": OPEN}),
    ("fillers", ("+Frost",), {"IcyOne": ENTAILED, "WetOne": ENTAILED, "DryOne": OPEN}),
    ("fillers", ("+Wet", "+Cold"), {"IcyOne": OPEN}),
    ("fillers", ("+Steam", "-Wet"), {"DryOne": ENTAILED}),
    ("fillers", ("+Shape", "-Round"), {"UnevenOne": ENTAILED, "ShapedOne": ENTAILED}),
    ("fillers", (), {"VoidOne": EXCLUDED}),
    ("paths", ("main/inner/colour=Black",), {"BlackInner": ENTAILED, "CaseFound": ENTAILED, "BlackMain": OPEN}),
    ("paths", ("main/inner/colour=Black", "main/inner/width=4"), {"BlackWideInner": ENTAILED}),
    ("paths", ("main/colour=White",), {"BlackMain": EXCLUDED, "NotBlackMain": ENTAILED, "CaseMain": OPEN}),
    ("facets", ("dose=3",), {"Exactly3": ENTAILED, "UpTo3": ENTAILED, "From3": ENTAILED, "Above3": EXCLUDED}),
    ("facets", ("dose=5",), {"Under5": EXCLUDED, "Between": ENTAILED, "Marked": ENTAILED}),
    ("facets", ("-Mark",), {"Above3": EXCLUDED, "UpTo3": OPEN, "Gap": EXCLUDED}),
    ("properties", ("score=2",), {"Called": ENTAILED, "HighScore": EXCLUDED}),
    ("properties", ("-Sound",), {"Loud": EXCLUDED, "SuddenBang": EXCLUDED}),
    ("values", ("place=North",), {"NotNorth": EXCLUDED, "InSouth": EXCLUDED, "AtDawn": OPEN}),
    ("values", ("place=South",), {"AtDawn": EXCLUDED, "Polar": ENTAILED}),
    ("values", (), {"Never": EXCLUDED, "NorthAtDawn": OPEN}),
    ("closing", (), {"Untouched": ENTAILED, "Unwashed": ENTAILED}),
    ("closing", ("+Scar",), {"Harmed": ENTAILED, "WasCut": OPEN, "WasBurnt": OPEN, "WasSwept": EXCLUDED}),
    ("closing", ("+Scar", "-!Cut"), {"WasBurnt": ENTAILED, "WasWashed": EXCLUDED}),
    ("closing", ("+Dust", "+Stain"), {"WasSwept": OPEN, "WasWashed": OPEN, "WasRinsed": OPEN, "WasCut": EXCLUDED}),
    ("general", ("-Fog", "-Rain"), {"Clear": ENTAILED, "Sunless": EXCLUDED}),
    ("general", ("+Hail",), {"Rainy": ENTAILED, "Foggy": EXCLUDED, "HailInSun": OPEN}),
    ("general", ("+Hail", "+Sun"), {"Mixed": ENTAILED, "HailInSun": ENTAILED}),
]


@pytest.mark.parametrize("name", NAMES)
def test_small_ontologies_give_what_they_are_there_for(name: str) -> None:
    own = model(name)
    worked = [(read(name, *lines), expected) for other, lines, expected in WORKED if other == name]
    profiles = [record for record, _ in worked]
    answers = decide_profiles(own.graphs, profiles, own.classes, own.closable, timeout=FOREVER)
    assert worked
    for (record, expected), answer in zip(worked, answers, strict=True):
        full = {small(name, local): value for local, value in expected.items()}
        for states in (own.decision(record).states, answer or {}):
            assert {iri: states.get(iri) for iri in full} == full, describe(record)


# -- reasons --


@pytest.mark.parametrize("name", [MAIN, *NAMES])
def test_reasons_suffice_and_no_fact_of_them_can_be_spared(name: str) -> None:
    own = model(name)
    records, found = own.records(), 0
    for _ in range(40):
        decision = own.decision(records.draw())
        for iri, answer in decision.states.items():
            for reason in reasons(own.compiled, decision, iri):
                found += 1
                assert _answer(own, iri, reason.facts) is answer
                for fact in reason.facts:
                    rest = tuple(other for other in reason.facts if other is not fact)
                    assert _answer(own, iri, rest) is State.UNDETERMINED, (iri, reason.facts, fact)
            assert (answer is State.UNDETERMINED) == (not reasons(own.compiled, decision, iri))
    assert found > 100


def _answer(own: Model, iri: str, facts: Sequence[object]) -> State:
    return state(own.compiled.rules[iri], own.compiled.theory.close(known(facts)))  # type: ignore[arg-type]


# -- what is refused --

PREFIXES = CORE.read_text(encoding="utf-8").split("\n\n")[0] + "\n@prefix ex: <urn:ex:> ."
DECLARED = """
ex:A a owl:Class ; rdfs:subClassOf gp:Finding . ex:B a owl:Class ; rdfs:subClassOf gp:Finding .
ex:P a owl:Class ; rdfs:subClassOf gp:Patient . ex:Q a owl:Class ; rdfs:subClassOf gp:Patient .
ex:f a owl:ObjectProperty , owl:FunctionalProperty . ex:h a owl:ObjectProperty .
ex:k a owl:DatatypeProperty , owl:FunctionalProperty . ex:m a owl:DatatypeProperty .
ex:I a owl:NamedIndividual . ex:J a owl:NamedIndividual .
"""


def restriction(prop: str, rest: str) -> str:
    return f"[ a owl:Restriction ; owl:onProperty {prop} ; {rest} ]"


def defined(prop: str, rest: str) -> str:
    both = f"[ a owl:Class ; owl:intersectionOf ( gp:Patient {restriction(prop, rest)} ) ]"
    return f"ex:D a owl:Class ; owl:equivalentClass {both} ."


def some(prop: str, filler: str) -> str:
    return defined(prop, f"owl:someValuesFrom {filler}")


def number(prop: str, datatype: str, facet: str) -> str:
    return some(prop, f"[ a rdfs:Datatype ; owl:onDatatype {datatype} ; owl:withRestrictions ( [ {facet} ] ) ]")


PART = "neither a class nor a union"
ORDER = "none of xsd:decimal's order"
CIRCLE = """ex:P owl:equivalentClass [ a owl:Class ; owl:intersectionOf ( gp:Patient ex:Q ) ] .
ex:Q owl:equivalentClass [ a owl:Class ; owl:unionOf ( ex:P ex:P ) ] ."""
REFUSED = {
    "all values": (defined("gp:hasFinding", "owl:allValuesFrom ex:A"), "allValuesFrom", "D"),
    "cardinality": (defined("gp:hasFinding", "owl:minCardinality 2"), "minCardinality", "D"),
    "self": (defined("gp:hasFinding", "owl:hasSelf true"), "hasSelf", "D"),
    "one of": (some("ex:f", "[ a owl:Class ; owl:oneOf ( ex:I ) ]"), "oneOf", "D"),
    "inverse": ("ex:h owl:inverseOf ex:f .", "inverseOf", "h"),
    "chain": ("ex:h owl:propertyChainAxiom ( ex:f ex:f ) .", "propertyChainAxiom", "h"),
    "transitive": ("ex:h a owl:TransitiveProperty .", "TransitiveProperty", "h"),
    "same": ("ex:I owl:sameAs ex:J .", "sameAs", "I"),
    "key": ("ex:P owl:hasKey ( ex:k ) .", "hasKey", "P"),
    "several values": (number("ex:m", "xsd:decimal", "xsd:minInclusive 1.0"), "not functional", "D"),
    "nested": (some("ex:h", restriction("ex:f", "owl:someValuesFrom ex:B")), PART, "D"),
    "both in one": (some("gp:hasFinding", "[ a owl:Class ; owl:intersectionOf ( ex:A ex:B ) ]"), PART, "D"),
    "all but": (some("gp:hasFinding", "[ a owl:Class ; owl:complementOf ex:A ]"), PART, "D"),
    "fixed value": (defined("ex:h", "owl:hasValue ex:I"), "not functional", "h"),
    "integer": (number("ex:k", "xsd:integer", "xsd:minInclusive 1"), "other than xsd:decimal facets", "D"),
    "pattern": (number("ex:k", "xsd:decimal", 'xsd:pattern "1"'), ORDER, "D"),
    "double bound": (number("ex:k", "xsd:decimal", "xsd:minInclusive 1.0e0"), ORDER, "D"),
    "range of doubles": ("ex:k rdfs:range xsd:double .", "not xsd:decimal", "k"),
    "range of integers": ("ex:k rdfs:range xsd:integer .", "not xsd:decimal", "k"),
    "patients as findings": (some("gp:hasFinding", "ex:Q"), "a class of patients", "D"),
    "undeclared class": (some("gp:hasFinding", "ex:Missing"), "used and not declared", "D"),
    "undeclared property": (some("ex:missing", "ex:A"), "used in a restriction and not declared", "D"),
    "circle": (CIRCLE, "goes in a circle", "P"),
}


@pytest.mark.parametrize("axiom", sorted(REFUSED))
def test_what_lies_outside_the_fragment_is_refused_by_name_and_line(axiom: str, tmp_path: Path) -> None:
    text, what, term = REFUSED[axiom]
    file = tmp_path / "outside.ttl"
    file.write_text(f"{PREFIXES}\n{DECLARED}\n{text}\n", encoding="utf-8")
    with pytest.raises(GuidelineError) as caught:
        compile_axioms(read_axioms([read_graph(CORE, imports=True), read_graph(file, imports=True)]))
    problem = caught.value.problem
    lines = file.read_text(encoding="utf-8").splitlines()
    assert what in problem.what and problem.node == f"urn:ex:{term}" and problem.file == str(file)
    assert problem.line is not None and f"ex:{term} " in lines[problem.line - 1]
    assert isinstance(caught.value, FragmentError) == (axiom != "circle")


# -- what is true of every record --


@cache
def drawer(name: str) -> Records:
    return model(name).records()


places = st.lists(st.integers(0, 10_000), max_size=14)
models = st.sampled_from([MAIN, MAIN, *NAMES])


@steady
@given(models, places, st.integers(0, 10_000))
def test_a_new_fact_reverses_no_answer_but_by_contradicting_an_assumption(
    name: str, chosen: list[int], more: int
) -> None:
    own, records = model(name), drawer(name)
    record, fuller = records.grown_from(chosen), records.grown_from([*chosen, more])
    before, after = own.decision(record), own.decision(fuller)
    facts = FactReader(own.compiled).read(fuller)
    possible = own.compiled.theory.consistent(known([*facts, *before.assumed]))
    for iri, answer in before.states.items():
        if possible:
            assert {answer, after.states[iri]} != {State.ENTAILED, State.EXCLUDED}, iri


@steady
@given(places, st.integers(0, 100), st.sampled_from(["removed", "wider", "unbounded"]))
def test_knowing_less_never_forbids(chosen: list[int], place: int, how: str) -> None:
    """Whatever newly forbids rests on an assumption that the decision lists as new."""
    own = model(MAIN)
    record = drawer(MAIN).grown_from(chosen)
    vaguer = _vaguer(record, place, how)
    before, after = own.decision(record), own.decision(vaguer)
    fresh = {fact.term for fact in after.assumed} - {fact.term for fact in before.assumed}
    cautious = own.decision(vaguer, [act for act in own.closable if act not in fresh])
    for iri in forbidding():
        if before.states[iri] is not State.ENTAILED:
            assert cautious.states[iri] is not State.ENTAILED, iri


def _vaguer(record: Record, place: int, how: str) -> Record:
    """The record with one observation removed, or its bounds wider."""
    if not record:
        return record
    i = place % len(record)
    seen = record[i]
    if how == "removed" or seen.kind != "number":
        return record[:i] + record[i + 1 :]
    step = Decimal(3)
    low = None if seen.low is None or how == "unbounded" else seen.low - step
    high = None if seen.high is None or how == "unbounded" else seen.high + step
    return (*record[:i], seen._replace(low=low, high=high), *record[i + 1 :])


@cache
def forbidding() -> list[str]:
    """The management classes, restrictions aside, one of whose recommendations forbids."""
    graph = sum(model(MAIN).graphs, Graph())
    strengths = set(graph.subjects(GP.forbids, Literal(True)))
    recommendations = {r for r, s in graph.subject_objects(GP.strength) if s in strengths}
    found = {str(cls) for cls, r in graph.subject_objects(GP.recommends) if r in recommendations
             and (cls, None, GP.Restriction) not in graph}  # fmt: skip
    assert found
    return sorted(found)


# -- records and the reference by themselves --


def test_a_random_record_is_read_back_from_rdf_as_it_was_drawn() -> None:
    own = model(MAIN)
    records, merged = own.records(), sum(own.graphs, Graph())
    denials = {str(p): str(q) for p, q in merged.subject_objects(GP.negates)}
    tried = 0
    for _ in range(300):
        record = records.draw()
        if any(seen.kind == "number" and (seen.low is None or seen.low != seen.high) for seen in record):
            continue
        graph = as_graph(record, own.compiled, {q: p for p, q in denials.items()}, BNode("patient"))
        seen = observe(graph, BNode("patient"), own.compiled.properties, denials)
        assert own.decision(seen).states == own.decision(record).states, describe(record)
        tried += 1
    assert tried > 30


def test_a_contradictory_profile_has_no_answer() -> None:
    own = model("case-analysis")
    profiles = [read("case-analysis", "+Blur", "-Hum"), read("case-analysis", "+Blur")]
    answers = decide_profiles(own.graphs, profiles, own.classes, (), timeout=FOREVER)
    assert [answer is None for answer in answers] == [True, False]


def test_the_reference_stops_in_time_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    own = model("ternary")
    with pytest.raises(EngineError) as caught:
        decide_profiles(own.graphs, [()], own.classes, (), timeout=0.05)
    assert caught.value.problem.code == "reference-timeout"
    assert list(tmp_path.iterdir()) == []

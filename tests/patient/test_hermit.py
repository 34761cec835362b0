"""The compiled engine gives the answers that OWL 2 entails: HermiT's, on random records and on small ontologies.

The small ontologies hold one difficulty each (`tests/small`).
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from random_records import Case, Records, as_graph, describe
from rdflib import BNode, Graph
from small_ontologies import MAIN, NAMES, Model, model, read, small

from reasoner.errors import EngineError
from reasoner.logic.decide import State
from reasoner.patient.hermit import decide_profiles
from reasoner.records.conversion import to_nodes
from reasoner.records.observe import Observer
from reasoner.terms import GP

FOREVER = 600.0


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


@pytest.mark.parametrize(("size", "quota"), [(200, 2), pytest.param(1000, 10, marks=pytest.mark.exhaustive)])
def test_engines_agree_on_stratified_records(size: int, quota: int) -> None:
    own = model(MAIN)
    records = own.records()
    cases = records.stratified(own.classes, size, quota=quota)
    counts = Counter(pair for case in cases for pair in (records.states(case) or {}).items())
    assert {(iri, s): counts[iri, s] for iri in own.classes for s in State if counts[iri, s] < quota} == {}
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
        seen = Observer(own.compiled.properties, denials, {}).observe(to_nodes(graph), "_:patient")
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

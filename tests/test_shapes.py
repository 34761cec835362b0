"""The shapes as SHACL (W3C Recommendation, 20 July 2017): each has its cases, and two engines report the same of them.

`shapes/vocabulary.ttl` explains the cases. pySHACL is the reference; the second engine is pyshifty, which shares no
code with it. The shapes are given to both as they stand; a shape that only other shapes use gets a target for its case.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from itertools import product
from pathlib import Path
from typing import NamedTuple

import pyshacl
import pytest
import shifty
from rdflib import RDF, RDFS, SH, BNode, Graph, Literal, Namespace, URIRef
from rdflib.term import Node

from reasoner.errors import RecordError
from reasoner.guideline.guideline import Guideline, home
from reasoner.patient.classify import classify
from reasoner.rdf import read_graph, read_text
from reasoner.records.record import gather
from reasoner.render.json import JsonRenderer
from reasoner.terms import GP, local_name

FOLDER = Path(__file__).parent / "shapes"
BAD = Path(__file__).parent / "records" / "bad"
CASE = Namespace("https://w3id.org/guideproof/case#")
SN = Namespace("https://w3id.org/guideproof/schmorl#")
EX = Namespace("https://example.org/")
#: Bad numbers of `records/bad` that the two engines compare with a bound in different ways.
INCOMPARABLE = ("boolean", "comma", "date", "digits", "empty", "exponent", "infinity", "long", "nan", "weeks-nan")
AS_OF = date(2026, 11, 22)
FILES = {
    "contract": ("core", "record"),
    "red-flags": ("red-flags",),
    "pathway": ("pathway",),
    "authoring": ("authoring",),
}
TARGETS = (SH.targetClass, SH.targetNode, SH.targetSubjectsOf, SH.targetObjectsOf)
SIDES = ("conforming", "violating")


class Result(NamedTuple):
    """One result of a report, its terms as text; a blank node has no name that two engines share."""

    focus: str
    value: str
    path: str
    shape: str
    component: str
    severity: str
    message: str


#: What a result says of each; the message is text, because pySHACL drops the language of a query's message.
SAID = (SH.focusNode, SH.value, SH.resultPath, SH.sourceShape, SH.sourceConstraintComponent, SH.resultSeverity)


def read_shapes(name: str) -> Graph:
    """The shapes of one kind; those without a target look at what a case names."""
    graph = Graph()
    for file in FILES[name]:
        graph.parse(home() / "shapes" / f"{file}.ttl")
    for shape in list(graph.subjects(SH.severity)):
        if not any((shape, p, None) in graph for p in TARGETS):
            graph.add((shape, SH.targetObjectsOf, CASE.focus))
    return graph


SHAPES = {name: read_shapes(name) for name in FILES}
KIND_OF = {str(shape): name for name, graph in SHAPES.items() for shape in graph.subjects(SH.severity)}


def inner(shape: str) -> bool:
    """Whether a shape has no target of its own."""
    return (URIRef(shape), SH.targetObjectsOf, CASE.focus) in SHAPES[KIND_OF[shape]]


#: The shapes with a folder of cases; the rest of the record contract is shown by `records/`.
CASED = {local_name(shape): shape for shape, name in KIND_OF.items() if name != "contract" or inner(shape)}
CONTRACT = sorted(shape for shape, name in KIND_OF.items() if name == "contract" and not inner(shape))
CASES = [path for name in sorted(CASED) for path in sorted((FOLDER / name).glob("*.ttl"))]
each_case = pytest.mark.parametrize("path", CASES, ids=lambda path: f"{path.parent.name}/{path.stem}")


# -- two engines --


def by_pyshacl(data: Graph, shapes: Graph) -> list[Result]:
    """What the reference reports."""
    _, report, _ = pyshacl.validate(data, shacl_graph=shapes)
    assert isinstance(report, Graph), report
    return told(report)


def by_shifty(data: Graph, shapes: Graph) -> list[Result]:
    """What the second engine reports; what it does not support would be an error."""
    texts = data.serialize(format="nt"), shapes.serialize(format="nt")
    _, report, _ = shifty.validate(*texts, graph_mode="data", infer=False, on_unsupported="error")
    return told(report)


def told(report: Graph) -> list[Result]:
    """The results of a report, in order."""
    results = report.subjects(RDF.type, SH.ValidationResult)
    rows = ((*(text(report.value(r, p)) for p in SAID), str(report.value(r, SH.resultMessage))) for r in results)
    return sorted(Result(*row) for row in rows)


def text(term: Node | None) -> str:
    """A term as both engines write it: `007` and `7` are one integer, as rdflib reads reports."""
    if term is None or isinstance(term, BNode):
        return "" if term is None else "_:"
    return Literal(str(term), term.language, term.datatype).n3() if isinstance(term, Literal) else str(term)


def focus_nodes(data: Graph, shape: str) -> set[str]:
    """What a shape looks at in a graph."""
    shapes, found = SHAPES[KIND_OF[shape]], set[Node | None]()
    for value in shapes.objects(URIRef(shape), SH.targetClass):
        classes = set(data.transitive_subjects(RDFS.subClassOf, value))
        found |= {s for s, o in data.subject_objects(RDF.type) if o in classes}
    for predicate in shapes.objects(URIRef(shape), SH.targetSubjectsOf):
        found |= set(data.subjects(predicate))
    for predicate in shapes.objects(URIRef(shape), SH.targetObjectsOf):
        found |= set(data.objects(None, predicate))
    return {text(node) for node in found}


# -- cases of shapes --


def test_every_shape_has_both_cases() -> None:
    expected = {f"{name}/{side}.ttl" for name, side in product(CASED, SIDES)}
    found = {f"{path.parent.name}/{side(path)}{path.suffix}" for path in FOLDER.glob("shape-*/*")}
    assert found == expected
    assert {f"{path.parent.name}/{path.name}" for path in CASES} >= expected
    assert len(CASED) == len({shape for shape, name in KIND_OF.items() if name != "contract" or inner(shape)})


def side(path: Path) -> str:
    """What a case shows; there may be several: `violating-typed.ttl`."""
    return path.stem.partition("-")[0]


@each_case
def test_case_and_engines(path: Path) -> None:
    """A conforming graph is looked at and not reported; of a violating one all is reported; both engines say so."""
    shape, data = CASED[path.parent.name], read_graph(path).graph
    results = by_pyshacl(data, SHAPES[KIND_OF[shape]])
    assert focus_nodes(data, shape), "the shape has nothing to look at"
    reported = {result.focus for result in results if result.shape == shape}
    assert reported == (focus_nodes(data, shape) if side(path) == "violating" else set())
    assert {text(node) for node in data.objects(None, CASE.reports)} in (set(), reported)
    assert by_shifty(data, SHAPES[KIND_OF[shape]]) == results


# -- cases of the record contract --


def as_seen(record: Graph, guideline: Guideline) -> Graph:
    """A record with what the contract sees besides: the taxonomy and the as-of date."""
    data = Graph() + record + guideline.taxonomy
    data.add((BNode(), GP.asOf, Literal(AS_OF)))
    return data


@pytest.fixture(scope="module")
def bad(guideline: Guideline) -> dict[Path, list[Result]]:
    """What the reference reports of each bad record that can be read at all."""
    graphs = {path: graph for path in sorted(BAD.iterdir()) if (graph := readable(path)) is not None}
    return {path: by_pyshacl(as_seen(graph, guideline), SHAPES["contract"]) for path, graph in graphs.items()}


def readable(path: Path) -> Graph | None:
    try:
        return read_graph(path).graph
    except RecordError:
        return None


def test_every_contract_shape_has_a_bad_record(bad: dict[Path, list[Result]]) -> None:
    reported = {result.shape: path for path, results in bad.items() for result in results}
    assert sorted(set(CONTRACT) - set(reported)) == []


def test_every_contract_shape_has_a_good_record(guideline: Guideline) -> None:
    data = as_seen(read_graph(FOLDER / "good-record.ttl").graph, guideline)
    assert by_pyshacl(data, SHAPES["contract"]) == []
    assert by_shifty(data, SHAPES["contract"]) == []
    unseen = {"shape-NoExclusion", "shape-NoWeeksAtLeast", "shape-NoWeeksAtMost"}  # they look at what is refused
    assert {local_name(shape) for shape in CONTRACT if not focus_nodes(data, shape)} == unseen


def test_engines_agree_on_bad_records(bad: dict[Path, list[Result]], guideline: Guideline) -> None:
    """Where they differ, both refuse; and it is by how a value that is no number compares with a bound."""
    assert len(bad) > 80
    other = {path: by_shifty(as_seen(read_graph(path).graph, guideline), SHAPES["contract"]) for path in bad}
    differing = {path for path in bad if other[path] != bad[path]}
    assert {path.name for path in differing} == {f"wrong-datatype.{name}.ttl" for name in INCOMPARABLE}
    assert all(bad[path] and other[path] for path in differing)


# -- red flags --


def test_every_red_flag_has_its_two_shapes(guideline: Guideline) -> None:
    expected = set()
    for criterion in guideline.graph.subjects(RDF.type, GP.RedFlagCriterion):
        for statement in guideline.graph.objects(criterion, GP.warrantedBy):
            name = local_name(str(statement))
            expected |= {(SN[f"shape-alert-{name}"], GP.RedFlag), (SN[f"shape-ask-{name}"], GP.NotRecorded)}
    assert set(SHAPES["red-flags"].subject_objects(SH.severity)) == expected
    for shape, _ in expected:
        assert list(SHAPES["red-flags"].objects(shape, GP.warrantedBy)) == [SN["red-" + str(shape)[-1]]]


# -- orders: section 6 of the formalisation, apart from the shapes --

#: For each action: what supports it, what leaves it to judgement, what speaks against it, and the statements.
CONSERVATIVE = ("ConservativeManagement", "", "NoTreatmentOrFollowUp", "alg-6 alg-2")
ROWS = {
    "FollowUpImaging": ("", "", "NoFollowUpImaging", "pit-1 alg-3"),
    "SpineMri": ("MriAssessment", "RedFlagReassessmentNeeded DifferentialWorkup", "NoFollowUpImaging",
                 "alg-7 pit-1 red-1 pit-3"),
    "TargetedTreatment": ("", "", "NoTreatmentOrFollowUp", "alg-2"),
    "NsaidTherapy": CONSERVATIVE,
    "ActivityModification": CONSERVATIVE,
    "PhysicalTherapy": CONSERVATIVE,
    "Vertebroplasty": ("VertebroplastyConsiderable", "VertebroplastyByJudgement", "VertebroplastyUnsupportedPatient",
                       "alg-8 pit-4"),
    "InterventionalProcedure": ("", "", "InterventionPremature", "pit-4"),
    "Surgery": ("SurgicalReferral", "", "SurgeryUnsupportedPatient", "alg-9"),
    "PainAttribution": ("SymptomaticAcuteNode", "", "PainNotAttributable", "alg-7 pit-2"),
}  # fmt: skip
SEVERITIES = {
    GP.NotSupported: "notSupported",
    GP.Judgement: "judgement",
    GP.Undecided: "undecided",
    GP.Silent: "silent",
}
STATES = ("entailed", "excluded", "undetermined")
States = dict[str, str]


def verdict(action: str, states: States) -> str:
    """What section 6 says of an order, whatever the shapes say."""
    supporting, judgement, against, _ = (classes.split() for classes in ROWS[action])
    for classes, found in ((against, "notSupported"), (supporting, "supported"), (judgement, "judgement")):
        if any(states[cls] == "entailed" for cls in classes):
            return found
    return "undecided" if "undetermined" in states.values() else "silent"


def all_states(action: str) -> list[States]:
    """Every way in which the classes of a row can stand."""
    classes = " ".join(ROWS[action][:3]).split()
    return [dict(zip(classes, states, strict=True)) for states in product(STATES, repeat=len(classes))]


def proposed(action: str, every: Iterable[States]) -> Graph:
    """A patient with one order for each way, as the shapes see it."""
    graph = Graph()
    for number, states in enumerate(every):
        patient, order = EX[f"patient-{number}"], EX[f"order-{number}"]
        graph += [(patient, RDF.type, GP.Patient), (patient, GP.proposes, order), (order, RDF.type, SN[action])]
        graph += [(patient, RDF.type, SN[cls]) for cls, state in states.items() if state == "entailed"]
        graph += [(patient, GP.excludedFrom, SN[cls]) for cls, state in states.items() if state == "excluded"]
    return graph


@pytest.mark.parametrize("action", ROWS)
def test_verdicts_are_disjoint_and_exhaustive(action: str) -> None:
    every = all_states(action)
    data = proposed(action, every)
    results = by_pyshacl(data, SHAPES["pathway"])
    assert by_shifty(data, SHAPES["pathway"]) == results
    for number, states in enumerate(every):
        found = [result for result in results if result.focus == str(EX[f"order-{number}"])]
        assert [result.value for result in found] == [str(EX[f"patient-{number}"])] * len(found)
        said = [SEVERITIES[URIRef(result.severity)] for result in found] or ["supported"]
        assert said == [verdict(action, states)], states


def test_pathway_shapes_are_those_of_the_rows() -> None:
    shapes = SHAPES["pathway"]
    expected = {}
    for action in ROWS:
        for said in {verdict(action, states) for states in all_states(action)} - {"supported"}:
            expected[SN[f"shape-order-{action}-{said}"]] = {SN[name] for name in ROWS[action][3].split()}
    found = {s: set(shapes.objects(s, GP.warrantedBy)) for s in shapes.subjects(SH.severity) if isinstance(s, URIRef)}
    assert found == expected
    for shape in found:
        severity = shapes.value(shape, SH.severity)
        assert isinstance(severity, URIRef) and str(shape).endswith(f"-{SEVERITIES[severity]}")


def test_shapes_speak_of_what_is_declared(guideline: Guideline) -> None:
    for name in ("red-flags", "pathway"):
        spoken = {t for triple in SHAPES[name] for t in triple if isinstance(t, URIRef) and t.startswith((SN, GP))}
        own = set(SHAPES[name].subjects()) | {GP.code, GP.remedy}
        assert not [t for t in spoken - own if (t, RDF.type, None) not in guideline.graph]


# -- worked cases with orders --

ORDERS = sorted((FOLDER / "orders").glob("*.ttl"))
#: The cases that the issue names.
NAMED = {"follow-up-imaging.worked-1", "vertebroplasty.week-8", "vertebroplasty.week-30-not-excluded",
         "surgery.deficit", "attribution.before-mri", "mri.week-3", "mri.week-8"}  # fmt: skip


def expectation(path: Path) -> tuple[Graph, Node, str]:
    """A case: its graph, the subject that holds the expectation, and the record as N-Triples."""
    graph = read_graph(path).graph
    (node,) = graph.subjects(RDF.type, CASE.OfOrder)
    record = Graph()
    for triple in graph:
        if triple[0] != node:
            record.add(triple)
    return graph, node, record.serialize(format="nt")


def names(values: Iterable[Node]) -> set[str]:
    return {f"sn:{local_name(str(value))}" for value in values}


@pytest.mark.parametrize("path", ORDERS, ids=lambda path: path.stem)
def test_order(path: Path, guideline: Guideline) -> None:
    graph, case, record = expectation(path)
    records = gather([read_text(record, path.name, format="nt")])
    (result,) = classify(guideline, records, AS_OF)
    rendered = JsonRenderer(guideline).result(result)
    (order,) = rendered["orders"]
    assert {order["action"]} == names(graph.objects(case, CASE.action))
    assert order["verdict"] == str(graph.value(case, CASE.verdict))
    assert set(order["statements"]) == names(graph.objects(case, CASE.statement))
    assert {alert["shape"] for alert in rendered["alerts"]} == names(graph.objects(case, CASE.alert))
    assert set(order["needs"]) >= names(graph.objects(case, CASE.needs))
    assert not (order["needs"] and graph.value(case, CASE.needsNothing))


def test_orders_are_told_apart_and_cover_the_table() -> None:
    assert {path.stem for path in ORDERS} >= NAMED
    told = [(names(g.objects(c, CASE.action)), str(g.value(c, CASE.verdict))) for g, c, _ in map(expectation, ORDERS)]
    assert set().union(*(action for action, _ in told)) == {f"sn:{action}" for action in [*ROWS, "Reassurance"]}
    assert {said for actions, said in told if actions == {"sn:SpineMri"}} == {*SEVERITIES.values(), "supported"}


def test_cases_are_written_in_known_words() -> None:
    words = Graph().parse(FOLDER / "vocabulary.ttl").parse(home() / "docs" / "case-vocabulary.ttl")
    used = {t for path in [*CASES, *ORDERS] for t in terms(path) if t in CASE}
    assert used and all((word, RDFS.comment, None) in words for word in used)


def terms(path: Path) -> Iterator[URIRef]:
    return (t for triple in read_graph(path).graph for t in triple if isinstance(t, URIRef))

"""A batch gives for each patient what `classify` gives: the same classes, alerts, verdicts, status and refusals."""

from __future__ import annotations

import csv
import random
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from random_records import Records, as_graph
from rdflib import RDF, XSD, BNode, Graph, Literal, URIRef

from reasoner.errors import InputError, RecordError
from reasoner.guideline.guideline import Guideline
from reasoner.logic.decide import State
from reasoner.patient.assess import Refusal
from reasoner.patient.classify import classify, classify_files
from reasoner.population.batch import BatchOptions, run_batch
from reasoner.population.ntriples import triple_sources
from reasoner.rdf import read_text
from reasoner.records.record import gather
from reasoner.terms import GP, curie

DAY = date(2026, 11, 22)
CASES = sorted((Path(__file__).parents[1] / "cases").rglob("*.ttl"))
SN = "https://w3id.org/guideproof/schmorl#"
VALUES = {State.ENTAILED: True, State.EXCLUDED: False, State.UNDETERMINED: None}
Row = dict[str, object]


def batch(
    guideline: Guideline, given: Path, format: str = "parquet", **more: object
) -> tuple[dict[str, Row], list[Row]]:
    """The rows of the answers by patient, and the rejects."""
    out = given.parent / f"{given.name}.out.{format}"
    outcome = run_batch(guideline, given, out, BatchOptions(DAY, format, **more))  # type: ignore[arg-type]
    rows = pq.read_table(out).to_pylist()
    assert outcome.rows == len(rows)
    rejects: list[Row] = []
    if outcome.rejects_file:
        with outcome.rejects_file.open(encoding="utf-8", newline="") as file:
            rejects = list(csv.DictReader(file))
    assert len({row["patient"] for row in rows}) == len(rows)
    return {row["patient"]: row for row in rows}, rejects


def expected(guideline: Guideline, graph: bytes) -> tuple[dict[str, Row], dict[str, set[str]]]:
    """What `classify` says of the same records: the rows, and the codes of what it refuses."""
    results = classify(guideline, gather([read_text(graph, "records.nt", format="nt")]), DAY)
    rows, refused = {}, {}
    for result in results:
        if isinstance(result, Refusal):
            refused[str(result.patient)] = {problem.code for problem in result.problems}
            continue
        row: Row = {"patient": result.patient, "status": result.status}
        row |= {curie(iri, guideline.prefixes): VALUES[state] for iri, state in result.decision.states.items()}
        alerts = {check.shape for check in result.alerts}
        shapes = [check.shape for check in guideline.content.checks if not check.action]
        row |= {f"alert:{curie(shape, guideline.prefixes)}": shape in alerts for shape in shapes}
        row |= {f"verdict:{curie(o.action, guideline.prefixes)}": o.verdict for o in result.orders
                if guideline.checks_of(o.action)}  # fmt: skip
        rows[result.patient] = row
    return rows, refused


def agree(guideline: Guideline, found: tuple[dict[str, Row], list[Row]], lines: bytes) -> None:
    """Every patient is answered, or refused, as `classify` does."""
    rows, refused = expected(guideline, lines)
    assert {k: {name: v for name, v in row.items() if v is not None} for k, row in found[0].items()} == {
        k: {name: v for name, v in row.items() if v is not None} for k, row in rows.items()
    }
    codes: dict[str, set[str]] = {}
    for reject in found[1]:
        codes.setdefault(str(reject["patient"]), set()).add(str(reject["code"]))
    assert codes == refused


def as_lines(graphs: Iterable[Graph]) -> list[str]:
    return [line for graph in graphs for line in graph.serialize(format="nt").splitlines() if line.strip()]


def write(path: Path, lines: Sequence[str]) -> bytes:
    data = ("\n".join(lines) + "\n").encode()
    path.write_bytes(data)
    return data


@pytest.fixture(scope="module")
def shipped() -> list[Graph]:
    """The records of all cases, each patient under an IRI of its own."""
    found = []
    for number, path in enumerate(CASES):
        parsed = read_text(path.read_bytes(), str(path), format="ttl").graph
        graph = Graph(bind_namespaces="none")
        for patient in set(parsed.subjects(RDF.type, GP.Patient)):
            names = {patient: URIRef(f"https://example.org/case/{number}")}
            for triple in _about(parsed, patient):
                graph.add(tuple(_renamed(term, names, number) for term in triple))  # type: ignore[arg-type]
        if len(graph):
            found.append(graph)
    assert len(found) > 100
    return found


def _about(graph: Graph, patient: object) -> set[tuple[object, object, object]]:
    """The triples of a record: those of the patient and of the nodes that it leads to."""
    from reasoner.records.reference_faults import NODE_PROPERTIES

    wanted, reached = set(), [patient]
    leading = {*NODE_PROPERTIES, URIRef(SN + "indexNode")}
    for node in reached:
        for triple in graph.triples((node, None, None)):  # type: ignore[arg-type]
            if str(triple[1]).startswith((str(GP), SN, str(RDF))):
                wanted.add(triple)
            if triple[1] in leading and triple[2] not in reached:
                reached.append(triple[2])
    return wanted


def _renamed(term: object, names: dict[object, URIRef], number: int) -> object:
    if isinstance(term, URIRef) and str(term).startswith("https://example.org/"):
        return names.setdefault(term, URIRef(f"https://example.org/case/{number}/{len(names)}"))
    if isinstance(term, BNode):
        return BNode(f"c{number}{term}")
    return names.get(term, term)


@pytest.fixture(scope="module")
def drawn(guideline: Guideline) -> list[Graph]:
    """Random records, those that contradict themselves among them, some with orders."""
    records = Records(guideline.compiled, 4, tuple(guideline.catalogue.closable))
    denies = {held: name for name, held in guideline.catalogue.negations.items()}
    actions = sorted({check.action for check in guideline.content.checks if check.action})
    graphs = []
    while len(graphs) < 400:
        record = records.draw() if len(graphs) % 5 else records.careless()
        patient = URIRef(f"https://example.org/drawn/{len(graphs)}")
        try:
            graph = as_graph(record, guideline.compiled, denies, patient)
        except ValueError:
            continue
        for action in records.random.sample(actions, records.random.randint(0, 2)):
            node = URIRef(f"{patient}/{action.rsplit('#', 1)[1]}")
            graph.add((patient, GP.proposes, node))
            graph.add((node, RDF.type, URIRef(action)))
        graphs.append(_named_apart(graph, len(graphs)))
    return graphs


def _named_apart(graph: Graph, number: int) -> Graph:
    """The graph with blank nodes that no other graph has."""
    found = Graph(bind_namespaces="none")
    for triple in graph:
        found.add(tuple(BNode(f"d{number}{t}") if isinstance(t, BNode) else t for t in triple))  # type: ignore[arg-type]
    return found


def test_the_cases_are_answered_as_by_classify(guideline: Guideline, shipped: list[Graph], tmp_path: Path) -> None:
    lines = write(tmp_path / "cases.nt", as_lines(shipped))
    agree(guideline, batch(guideline, tmp_path / "cases.nt"), lines)


def test_random_records_are_answered_as_by_classify(guideline: Guideline, drawn: list[Graph], tmp_path: Path) -> None:
    lines = write(tmp_path / "drawn.nt", as_lines(drawn))
    agree(guideline, batch(guideline, tmp_path / "drawn.nt"), lines)


MUTATIONS = (
    (f"<{SN}Fever>", f"<{SN}Fevr>"),
    (f"<{GP}hasFinding>", f"<{GP}underwent>"),
    (f"<{GP}underwent>", f"<{GP}hasFinding>"),
    (f"<{GP}lacksFinding>", f"<{GP}lacksFindings>"),
    (f"^^<{XSD.decimal}>", f"^^<{XSD.string}>"),
    ('.0"^^', '.0 mm"^^'),
    (f"<{SN}L4>", f"<{SN}L9>"),
    (f"<{SN}diameterMillimetre>", f"<{SN}conservativeTherapyWeeks>"),
    (f"<{GP}Patient>", f"<{SN}RedFlagPatient>"),
)


def test_mutated_records_are_refused_as_by_classify(guideline: Guideline, drawn: list[Graph], tmp_path: Path) -> None:
    rng, lines = random.Random(11), []
    for graph in drawn[:250]:
        mine = as_lines([graph])
        for before, after in rng.sample(MUTATIONS[:-1], 2):
            mine = [line.replace(before, after) if rng.random() < 0.5 else line for line in mine]
        if rng.random() < 0.3:
            mine.append(mine[rng.randrange(len(mine))].replace("/drawn/", "/drawn/x"))
        lines.append(mine)
    kept = [mine for mine in lines if not _torn(guideline, mine)]
    assert len(kept) > 150
    data = write(tmp_path / "mutated.nt", [line for mine in kept for line in mine])
    agree(guideline, batch(guideline, tmp_path / "mutated.nt"), data)


def _torn(guideline: Guideline, lines: list[str]) -> bool:
    """Whether `classify` refuses the whole file, for a node that belongs to no patient."""
    try:
        expected(guideline, ("\n".join(lines) + "\n").encode())
    except RecordError:
        return True
    return False


@pytest.mark.parametrize("size", [2_000, 30_000])
def test_units_of_any_size_give_the_same(
    guideline: Guideline, drawn: list[Graph], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    monkeypatch.setattr(triple_sources, "BYTES", size)
    lines = write(
        tmp_path / "drawn.nt", [line for graph in drawn for line in sorted(as_lines([graph]), key=_typed_first)]
    )
    agree(guideline, batch(guideline, tmp_path / "drawn.nt"), lines)


def _typed_first(line: str) -> bool:
    return f"<{GP}Patient>" not in line


def test_shuffled_lines_give_the_same(
    guideline: Guideline, drawn: list[Graph], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(triple_sources, "BYTES", 20_000)
    shuffled = as_lines(drawn)
    random.Random(3).shuffle(shuffled)
    for name, order in (("shuffled.nt", shuffled), ("sorted.nt", sorted(shuffled))):
        data = write(tmp_path / name, order)
        agree(guideline, batch(guideline, tmp_path / name), data)


@pytest.mark.parametrize("syntax", ["turtle", "xml", "json-ld", "trig"])
def test_other_syntaxes_give_the_same(guideline: Guideline, shipped: list[Graph], tmp_path: Path, syntax: str) -> None:
    graph = Graph()
    for one in shipped[:60]:
        graph += one
    suffix = {"turtle": "ttl", "xml": "rdf", "json-ld": "jsonld", "trig": "trig"}[syntax]
    graph.serialize(tmp_path / f"cases.{suffix}", format=syntax)
    agree(guideline, batch(guideline, tmp_path / f"cases.{suffix}"), graph.serialize(format="nt").encode())


def test_a_directory_is_read_as_a_whole(guideline: Guideline, drawn: list[Graph], tmp_path: Path) -> None:
    folder = tmp_path / "records"
    folder.mkdir()
    for number in range(4):
        write(folder / f"{number}.nt", as_lines(drawn[number * 50 : number * 50 + 50]))
    found = batch(guideline, folder)
    agree(guideline, found, ("\n".join(as_lines(drawn[:200])) + "\n").encode())


def test_blank_nodes_of_two_files_are_two(guideline: Guideline, tmp_path: Path) -> None:
    folder = tmp_path / "records"
    folder.mkdir()
    for name in ("a", "b"):
        write(folder / f"{name}.nt", [
            f"<https://example.org/{name}> <{RDF.type}> <{GP.Patient}> .",
            f"<https://example.org/{name}> <{GP.hasFinding}> _:f .",
            f"_:f <{RDF.type}> <{SN}{'Fever' if name == 'a' else 'BackPain'}> .",
        ])  # fmt: skip
    rows, rejects = batch(guideline, folder)
    assert not rejects
    assert rows["https://example.org/a"]["sn:RedFlagPatient"] is True
    assert rows["https://example.org/b"]["sn:BackPainPatient"] is True
    assert rows["https://example.org/a"]["sn:BackPainPatient"] is None


def test_one_patient_in_two_files_is_refused_in_both(guideline: Guideline, drawn: list[Graph], tmp_path: Path) -> None:
    folder = tmp_path / "records"
    folder.mkdir()
    write(folder / "a.nt", as_lines(drawn[1:30]))
    write(folder / "b.nt", as_lines(drawn[29:60]))
    rows, rejects = batch(guideline, folder)
    twice = [reject for reject in rejects if reject["code"] == "duplicate-patient"]
    assert {reject["patient"] for reject in twice} == {"https://example.org/drawn/29"}
    assert {Path(str(reject["source"])).name for reject in twice} == {"a.nt", "b.nt"}
    assert all("a.nt" in str(reject["reason"]) and "b.nt" in str(reject["reason"]) for reject in twice)
    assert "https://example.org/drawn/29" not in rows


def test_a_patient_told_of_in_two_places_of_one_file_is_one(
    guideline: Guideline, drawn: list[Graph], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(triple_sources, "BYTES", 5_000)
    patient = "<https://example.org/drawn/7>"
    again = [f"{patient} <{RDF.type}> <{GP.Patient}> .", f"{patient} <{GP.lacksFinding}> <{SN}ModicChange> ."]
    data = write(tmp_path / "twice.nt", [*as_lines([drawn[7]]), *as_lines(drawn[8:200]), *again])
    agree(guideline, batch(guideline, tmp_path / "twice.nt"), data)


def test_a_node_of_nobody_is_rejected_and_the_rest_proceeds(
    guideline: Guideline, drawn: list[Graph], tmp_path: Path
) -> None:
    lost = f"<https://example.org/lost> <{RDF.type}> <{SN}Fever> ."
    write(tmp_path / "lost.nt", [*as_lines(drawn[:50]), lost])
    rows, rejects = batch(guideline, tmp_path / "lost.nt")
    assert [r["code"] for r in rejects if "lost" in str(r["patient"])] == ["dangling-node"]
    assert rows == batch(guideline, tmp_path / "lost.nt")[0]
    write(tmp_path / "found.nt", as_lines(drawn[:50]))
    assert rows == batch(guideline, tmp_path / "found.nt")[0]


def test_a_line_that_is_no_triple_is_an_error_with_its_number(
    guideline: Guideline, drawn: list[Graph], tmp_path: Path
) -> None:
    lines = as_lines(drawn[:20])
    write(tmp_path / "broken.nt", [*lines[:17], "<https://example.org/x> <no dot", *lines[17:]])
    with pytest.raises(InputError) as error:
        batch(guideline, tmp_path / "broken.nt")
    assert error.value.problem.line == 18
    assert not (tmp_path / "broken.nt.out.parquet").exists()


@pytest.mark.parametrize("format", ["parquet", "arrow", "csv"])
def test_tables_of_every_format_give_the_same(guideline: Guideline, tmp_path: Path, format: str) -> None:
    names = ["https://example.org/a", "https://example.org/b", "https://example.org/c"]
    table = pa.table({
        "patient": names, "sn:Fever": pa.array([True, False, None]), "sn:BackPain": pa.array([None, True, False]),
        "sn:conservativeTherapyWeeks.low": pa.array([6.0, None, 2.5]),
    })  # fmt: skip
    path = tmp_path / f"facts.{format}"
    if format == "parquet":
        pq.write_table(table, path)
    elif format == "arrow":
        with pa.ipc.new_file(path, table.schema) as file:
            file.write_table(table)
    else:
        import pyarrow.csv

        pyarrow.csv.write_csv(table, path)
    rows, rejects = batch(guideline, path)
    assert not rejects
    assert rows[names[0]]["sn:RedFlagPatient"] is True
    assert [rows[name]["sn:AtLeast6WeeksPatient"] for name in names] == [True, None, None]
    assert [rows[name]["sn:BackPainPatient"] for name in names] == [None, True, False]


def test_what_no_batch_reads_is_one_error(guideline: Guideline, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "notes.docx").write_text("x")
    (tmp_path / "torn.parquet").write_bytes(b"PAR1 and no more")
    (tmp_path / "torn.csv").write_text("patient,sn:Fever\nhttps://example.org/a,true,false\n")
    codes = {"nowhere.nt": "no-such-file", "empty": "no-input", "notes.docx": "unknown-format",
             "torn.parquet": "not-readable", "torn.csv": "not-readable"}  # fmt: skip
    for name, code in codes.items():
        with pytest.raises(InputError) as error:
            batch(guideline, tmp_path / name)
        assert error.value.problem.code == code


def test_the_door_and_classify_files_read_the_same_file(
    guideline: Guideline, shipped: list[Graph], tmp_path: Path
) -> None:
    lines = write(tmp_path / "cases.nt", as_lines(shipped[:20]))
    assert len(classify_files(guideline, [tmp_path / "cases.nt"], DAY)) == len(expected(guideline, lines)[0]) + len(
        expected(guideline, lines)[1]
    )


def test_literals_keep_what_they_say(guideline: Guideline, tmp_path: Path) -> None:
    patient = URIRef("https://example.org/p")
    graph = Graph()
    graph.add((patient, RDF.type, GP.Patient))
    graph.add((patient, URIRef(SN + "conservativeTherapyWeeks"), Literal("13", datatype=XSD.integer)))
    graph.add(
        (patient, URIRef("http://www.w3.org/2000/01/rdf-schema#comment"), Literal('a "note"\nof two lines', lang="en"))
    )
    data = write(tmp_path / "p.nt", as_lines([graph]))
    agree(guideline, batch(guideline, tmp_path / "p.nt"), data)

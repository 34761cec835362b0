"""Reading, validating and completing records: each bad file gives its code, good ones the same graph in any syntax."""

from __future__ import annotations

import io
import re
import socket
import sys
from pathlib import Path

import pytest
from rdflib import OWL, RDF, BNode, Graph
from rdflib.compare import isomorphic
from record_parts import AS_OF, EX, GOOD, PREFIXES, SN, ontology, shapes_of, turtle

from reasoner import rdf, rdf_checks
from reasoner.errors import GuidelineError, InputError, Problem, RecordError
from reasoner.rdf import read_text
from reasoner.records import record, reference_faults
from reasoner.records.record import gather, load, patient_nodes
from reasoner.records.reference import validate
from reasoner.records.reference_faults import node_properties
from reasoner.records.vocabulary import SHARED
from reasoner.terms import GP

BAD = sorted((Path(__file__).parents[1] / "records" / "bad").iterdir())
#: What is wrong with reading a file at all is shown by tests of their own below.
TESTED_APART = {
    "no-such-file",
    "is-a-directory",
    "not-readable",
    "duplicate-patient",
    "bad-shapes",
    "endless-rules",
    "long-term",
    "bad-list",
    "cyclic-nodes",
}


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test of this module may open a connection."""

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a record led to the network")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "create_connection", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


@pytest.fixture(scope="module")
def guideline() -> Graph:
    return ontology()


@pytest.fixture(scope="module")
def contract() -> list[Graph]:
    return [shapes_of("core"), shapes_of("record")]


def problems_of(path: Path, guideline: Graph, contract: list[Graph]) -> list[Problem]:
    try:
        found = validate(load([path]), guideline, contract, AS_OF)
    except InputError as error:
        return list(error.problems)
    return [problem for problems in found.values() for problem in problems]


# -- bad records --


def test_there_are_bad_records() -> None:
    assert len(BAD) > 100


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.name)
def test_bad_record(path: Path, guideline: Graph, contract: list[Graph], capsys: pytest.CaptureFixture[str]) -> None:
    """The name of the file up to its first dot is the one code that it gives; nothing is printed beside it."""
    problems = problems_of(path, guideline, contract)
    assert {problem.code for problem in problems} == {path.name.split(".")[0]}
    assert all(problem.file == str(path) and problem.remedy and "\n" not in str(problem) for problem in problems)
    assert capsys.readouterr() == ("", "")


def codes_of_the_code() -> set[str]:
    pattern = r'(?:refuse|Problem|Fault|return)\(?\s*(?:0, )?"([a-z0-9]+(?:-[a-z0-9]+)+)"'
    texts = [Path(str(module.__file__)).read_text() for module in (rdf, rdf_checks, record, reference_faults)]
    return {code for text in texts for code in re.findall(pattern, text)}


def test_every_code_has_a_bad_record(contract: list[Graph]) -> None:
    declared = (
        {str(code) for graph in contract for code in graph.objects(None, GP.code)} | codes_of_the_code() | {SHARED[0]}
    )
    assert {"literal-for-node", "syntax-error", "unknown-term", "owl-imports", "axiom-in-record"} <= declared
    assert {path.name.split(".")[0] for path in BAD} == declared - TESTED_APART


@pytest.mark.parametrize("name, line", [("syntax-error.ttl", 7), ("syntax-error.cut-off.rdf", 4), ("xml-entity.rdf", 2),
                                        ("syntax-error.comma.jsonld", 4), ("more-than-one.diameter.ttl", 7),
                                        ("not-utf8.ttl", 6), ("dangling-node.finding.ttl", 7)])  # fmt: skip
def test_line(name: str, line: int, guideline: Graph, contract: list[Graph]) -> None:
    path = next(path for path in BAD if path.name == name)
    assert problems_of(path, guideline, contract)[0].line == line


def test_unknown_class_names_the_nearest(guideline: Graph, contract: list[Graph]) -> None:
    (problem,) = validate(turtle("ex:p a gp:Patient ; gp:hasFinding [ a sn:Feverr ] ."), guideline, contract, AS_OF)[
        EX.p
    ]
    assert problem == Problem("unknown-term", "rdf:type sn:Feverr: sn:Feverr is no class of the guideline",
                              "did you mean sn:Fever?", "record.ttl", 5, "ex:p gp:hasFinding []")  # fmt: skip


def test_a_value_is_shown(guideline: Graph, contract: list[Graph]) -> None:
    text = 'ex:p a gp:Patient ;\n gp:hasFinding [ a sn:SchmorlsNode ;\n sn:diameterMillimetre "NaN"^^xsd:double ] .'
    (problem,) = validate(turtle(text), guideline, contract, AS_OF)[EX.p]
    assert problem.what.startswith('sn:diameterMillimetre "NaN"^^xsd:double: the diameter is not a finite')
    assert (problem.line, problem.node) == (7, "ex:p gp:hasFinding []")


def test_no_such_file(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="no-such-file"):
        load([tmp_path / "missing.ttl"])


def test_directory(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="is-a-directory"):
        load([tmp_path])


def test_not_readable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(_: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", denied)
    with pytest.raises(RecordError, match="not-readable"):
        load([tmp_path / "record.ttl"])


def test_one_patient_in_two_files() -> None:
    one, other = (read_text(PREFIXES + "ex:p a gp:Patient .", name) for name in ("one.ttl", "other.ttl"))
    with pytest.raises(RecordError, match=r"duplicate-patient.*one\.ttl and in other\.ttl"):
        gather([one, other])


def test_a_patient_described_in_another_file() -> None:
    one = read_text(PREFIXES + "ex:p a gp:Patient .", "one.ttl")
    other = read_text(PREFIXES + "ex:q a gp:Patient . ex:p gp:hasFinding [ a sn:Fever ] .", "other.ttl")
    for files in ([one, other], [other, one]):
        with pytest.raises(RecordError, match="duplicate-patient"):
            gather(files)


def test_a_node_in_two_files(guideline: Graph, contract: list[Graph]) -> None:
    texts = {
        "one.ttl": "ex:p a gp:Patient ; gp:hasFinding ex:f . ex:f a sn:Fever .",
        "other.ttl": "ex:q a gp:Patient . ex:f sn:vertebra sn:L4 .",
    }
    records = gather([read_text(PREFIXES + text, name) for name, text in texts.items()])
    assert [p.code for p in validate(records, guideline, contract, AS_OF)[EX.p]] == ["shared-node"]


def test_blank_nodes_of_two_files_stay_apart() -> None:
    files = [
        read_text(f"{PREFIXES}ex:{p} a gp:Patient ; gp:hasFinding _:f . _:f a sn:Fever .", f"{p}.ttl") for p in "pq"
    ]
    graph = gather(files).graph
    assert len({o for o in graph.objects(None, GP.hasFinding) if isinstance(o, BNode)}) == 2


# -- good records --


def good() -> Graph:
    return read_text(PREFIXES + GOOD, "record.ttl").graph


SYNTAXES = {
    "ttl": "turtle",
    "nt": "nt",
    "trig": "trig",
    "rdf": "xml",
    "owl": "xml",
    "xml": "xml",
    "jsonld": "json-ld",
    "json": "json-ld",
}


@pytest.mark.parametrize("suffix", SYNTAXES)
def test_the_same_graph_in_each_syntax(suffix: str, tmp_path: Path, guideline: Graph, contract: list[Graph]) -> None:
    path = tmp_path / f"record.{suffix}"
    good().serialize(path, format=SYNTAXES[suffix], encoding="utf-8")
    records = load([path])
    assert isomorphic(records.graph, good())
    assert validate(records, guideline, contract, AS_OF) == {}


def test_every_syntax_that_is_named_is_read() -> None:
    assert set(SYNTAXES) == set(rdf.SUFFIXES)
    named = {rdf.NAMES[name] for name in rdf.NAMES}
    assert named == {kind for suffix, kind in rdf.SUFFIXES.items() if suffix != "trig"}


@pytest.mark.parametrize("syntax", ["turtle", "nt", "trig", "xml", "json-ld"])
def test_standard_input_is_recognised(syntax: str, monkeypatch: pytest.MonkeyPatch) -> None:
    text = good().serialize(format=syntax, encoding="utf-8")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text)))
    assert isomorphic(load(["-"]).graph, good())


@pytest.mark.parametrize("text", ["[] a gp:Patient .", "{ ex:p a gp:Patient }", "ex:p a gp:Patient ."])
def test_standard_input_that_looks_like_json_or_xml(text: str) -> None:
    full = re.sub(r"(ex|gp):(\w+)", lambda m: f"<{EX if m[1] == 'ex' else GP}{m[2]}>", text)
    assert len(read_text(full, "-").graph) == 1


def test_a_format_overrides_the_suffix(tmp_path: Path) -> None:
    path = tmp_path / "record.txt"
    path.write_text(PREFIXES + GOOD, "utf-8")
    assert isomorphic(load([path], format="turtle").graph, good())


def test_json_numbers_are_doubles_and_conform(guideline: Graph, contract: list[Graph]) -> None:
    text = """{"@context": {"gp": "https://w3id.org/guideproof/core#", "sn": "https://w3id.org/guideproof/schmorl#"},
      "@id": "https://example.org/p", "@type": "gp:Patient", "sn:conservativeTherapyWeeks": 6.5,
      "gp:hasFinding": {"@type": "sn:SchmorlsNode", "sn:diameterMillimetre": 3.5, "sn:vertebra": {"@id": "sn:L4"}}}"""
    records = gather([read_text(text, "record.jsonld")])
    assert str(records.graph.value(EX.p, SN.conservativeTherapyWeeks)) == "6.5E0"
    assert validate(records, guideline, contract, AS_OF) == {}


def test_json_numbers_that_a_context_types_as_decimal(guideline: Graph, contract: list[Graph]) -> None:
    text = """{"@context": {"gp": "https://w3id.org/guideproof/core#", "sn": "https://w3id.org/guideproof/schmorl#",
        "sn:conservativeTherapyWeeks": {"@type": "http://www.w3.org/2001/XMLSchema#decimal"}},
      "@id": "https://example.org/p", "@type": "gp:Patient", "sn:conservativeTherapyWeeks": 12.5}"""
    records = gather([read_text(text, "record.jsonld")])
    assert str(records.graph.value(EX.p, SN.conservativeTherapyWeeks)) == "12.5"
    assert validate(records, guideline, contract, AS_OF) == {}


def test_named_graphs_are_merged() -> None:
    text = PREFIXES + "ex:g { ex:p a gp:Patient } ex:h { ex:p gp:hasFinding [ a sn:Fever ] }"
    assert len(gather([read_text(text, "record.trig")]).graph) == 3


def test_a_byte_order_mark_is_no_part_of_the_text() -> None:
    assert len(read_text("\ufeff" + PREFIXES + "ex:p a gp:Patient .", "record.ttl").graph) == 1


def test_the_written_form_is_kept() -> None:
    graph = read_text(PREFIXES + 'ex:p ex:n 007 , 1.50 , "1.50"^^xsd:double , "01"^^xsd:boolean .', "record.ttl").graph
    assert {str(value) for value in graph.objects()} == {"007", "1.50", "01"}


def test_lines_in_each_syntax_that_has_them() -> None:
    lines = "ex:p a gp:Patient ;\n  gp:hasFinding [\n    a sn:Fever\n  ] ,\n  ex:f .\n\nex:f a sn:BackPain ."
    parsed = read_text(PREFIXES + lines, "record.ttl")
    (fever,) = parsed.graph.subjects(RDF.type, SN.Fever)
    assert [parsed.line_of(EX.p, RDF.type), parsed.line_of(fever), parsed.line_of(EX.p, GP.hasFinding, EX.f)] == [
        5,
        7,
        9,
    ]
    assert parsed.line_of(EX.f, RDF.type, SN.BackPain) == 11
    assert parsed.line_of(EX.p, GP.lacksFinding) is None
    text = f'<r:RDF xmlns:r="{RDF}">\n<r:Description r:about="{EX.p}">\n<r:value>1</r:value></r:Description></r:RDF>'
    xml = read_text(text, "record.rdf")
    assert xml.line_of(EX.p, RDF.value) == 3


def test_two_readings_give_the_same_blank_nodes() -> None:
    one, other = (read_text(PREFIXES + GOOD, "record.ttl").graph for _ in range(2))
    assert set(one) == set(other)


def test_the_declarations_of_editors_say_nothing(guideline: Graph, contract: list[Graph]) -> None:
    text = f"""@prefix owl: <{OWL}> . <https://example.org/r> a owl:Ontology ; owl:versionInfo "1" .
    ex:p a gp:Patient , owl:NamedIndividual ; gp:hasFinding ex:f .
    ex:f a sn:Fever , owl:NamedIndividual ."""
    assert validate(turtle(text), guideline, contract, AS_OF) == {}


def test_an_ontology_may_import() -> None:
    text = f"@prefix owl: <{OWL}> . <https://example.org/o> a owl:Ontology ; owl:imports <https://example.org/other> ."
    assert len(read_text(text, "o.ttl", imports=True).graph) == 2
    with pytest.raises(RecordError, match="owl-imports"):
        read_text(text, "o.ttl")
    with pytest.raises(GuidelineError, match="syntax-error"):
        read_text("ex:p", "o.ttl", imports=True)


@pytest.mark.parametrize(
    "value", ["60", "60.0", '"6.0E1"^^xsd:double', "0.001", '"+3."^^xsd:decimal', '".5"^^xsd:decimal']
)
def test_diameters_that_conform(value: str, guideline: Graph, contract: list[Graph]) -> None:
    text = f"ex:p a gp:Patient ; gp:hasFinding [ a sn:SchmorlsNode ; sn:diameterMillimetre {value} ] ."
    assert validate(turtle(text), guideline, contract, AS_OF) == {}


@pytest.mark.parametrize("dates", ['gp:startDate "2026-11-22"^^xsd:date', 'gp:endDate "2026-11"^^xsd:gYearMonth',
                                   'gp:startDate "2026-05-09"^^xsd:date ; gp:endDate "2026-05"^^xsd:gYearMonth',
                                   'gp:startDate "2026"^^xsd:gYear ; gp:endDate "2026-01-01"^^xsd:date',
                                   'gp:startDate "2024-02-29"^^xsd:date ; gp:ongoing false'])  # fmt: skip
def test_dates_that_conform(dates: str, guideline: Graph, contract: list[Graph]) -> None:
    assert (
        validate(turtle(f"ex:p a gp:Patient ; gp:underwent [ a sn:SpineMri ; {dates} ] ."), guideline, contract, AS_OF)
        == {}
    )


# -- many patients --


def test_only_the_bad_patient_is_refused(guideline: Graph, contract: list[Graph]) -> None:
    finding = "gp:hasFinding [ a sn:SchmorlsNode ; sn:vertebra sn:L4 ; sn:diameterMillimetre"
    lines = [f"ex:p{i} a gp:Patient ; {finding} {3 if i != 17 else -3} ] ." for i in range(40)]
    found = validate(turtle("\n".join(lines)), guideline, contract, AS_OF)
    assert {patient: [p.code for p in problems] for patient, problems in found.items()} == {EX.p17: ["out-of-range"]}


def test_what_another_patient_says_well_is_not_refused(guideline: Graph, contract: list[Graph]) -> None:
    """The same class, value or node kind may be right in one place and wrong in another."""
    text = """
    ex:a a gp:Patient ; gp:underwent [ a sn:SpineMri ] ; gp:lacksFinding sn:Fever ; sn:conservativeTherapyWeeks 80 .
    ex:b a gp:Patient ; gp:hasFinding [ a sn:SpineMri ] .
    ex:c a gp:Patient ; gp:didNotUndergo sn:Fever .
    ex:d a gp:Patient ; gp:hasFinding [ a sn:SchmorlsNode ; sn:diameterMillimetre 80 ] .
    ex:e a gp:Patient ; gp:hasFinding ex:a ."""
    found = validate(turtle(text), guideline, contract, AS_OF)
    assert {str(p)[-1]: [problem.code for problem in problems] for p, problems in found.items()} == {
        "b": ["not-a-finding"], "c": ["class-expected"], "d": ["out-of-range"], "e": ["not-a-finding"]}  # fmt: skip


def test_validation_leaves_the_records_as_they_were(guideline: Graph, contract: list[Graph]) -> None:
    records = turtle(GOOD)
    before = set(records.graph)
    validate(records, guideline, contract, AS_OF)
    assert set(records.graph) == before


def test_the_nodes_of_a_patient(guideline: Graph) -> None:
    records = turtle(GOOD + "ex:q a gp:Patient ; gp:hasFinding [ a sn:Fever ] .")
    nodes = patient_nodes(records.graph, EX.p, node_properties(guideline))
    assert len(nodes) == 7
    assert next(iter(nodes)) == EX.p
    assert SN.indexNode in node_properties(guideline)
    alone = records.only([EX.p], node_properties(guideline))
    assert (alone.patients, len(alone.graph)) == ((EX.p,), sum(map(len, nodes.values())))

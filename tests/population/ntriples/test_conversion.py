"""Other syntaxes written as N-Triples state what the whole file states, are refused as one record is, and answer so."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pyoxigraph as ox
import pytest
from broken_records import Drafts
from document_layouts import CONTEXT, EX, LAYOUTS
from rdflib import Graph
from test_batch import Row, as_lines, batch, write
from test_batch_fuzz import as_bytes

from reasoner.errors import RecordError
from reasoner.guideline.guideline import Guideline
from reasoner.population.ntriples import conversion, json_parts, triple_sources
from reasoner.population.ntriples.conversion import convert, convert_all
from reasoner.rdf import read_text
from reasoner.terms import GP

pytestmark = pytest.mark.usefixtures("no_disk")
Answers = tuple[dict[str, Row], set[tuple[object, object]]]
Rows = set[tuple[str, str, str]]
PLAIN = "<a:s> <a:p> <a:o> ."


def parsed(data: bytes | str) -> Rows:
    quads = ox.parse(data, ox.RdfFormat.N_TRIPLES)
    return {(str(quad.subject), str(quad.predicate), str(quad.object)) for quad in quads}


def lines_of(text: str | bytes, suffix: str, folder: Path) -> bytes:
    """What a file of that text is written as."""
    path, out = folder / f"x.{suffix}", folder / "x.out.nt"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    convert(path, out)
    return out.read_bytes()


TURTLE = """@prefix a: <urn:a:> .
a:s a:p [ a:q "x y", "é"@en, 1.50 ], ( a:o 2 ) ; a:r _:n . _:n a:p 1e3 .
"""
TRIG = TURTLE + "a:g { a:s a:p a:in . _:n a:p a:in }\n"
ONE_XML = """<?xml version="1.0"?>
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:a="urn:a:">
<rdf:Description rdf:about="urn:a:s"><a:p rdf:resource="urn:a:o"/>
<a:q><rdf:Description a:p="1"/></a:q></rdf:Description>
</rdf:RDF>"""
ONE_JSON = """{"@context": {"p": "urn:a:p", "d": {"@id": "urn:a:d", "@type": "http://www.w3.org/2001/XMLSchema#decimal"}},
"@id": "urn:a:s", "p": [{"p": "a [ \\" { b"}, "\\\\"], "d": 1.5}"""
SYNTAXES = {"ttl": TURTLE, "trig": TRIG, "rdf": ONE_XML, "jsonld": ONE_JSON, "nt": f"{PLAIN}\n_:b <a:p> _:b .\n"}


def signatures(found: Rows) -> list[tuple[str, ...]]:
    """The triples with every blank node alike; enough for these few."""
    return sorted(tuple("_:" if term.startswith("_:") else term for term in row) for row in found)


def reference(text: str, format: str) -> list[tuple[str, ...]]:
    graph = read_text(text, "x", format=format).graph
    return signatures(parsed(graph.serialize(format="ntriples")))


@pytest.mark.parametrize("format", SYNTAXES)
def test_other_syntaxes(format: str, tmp_path: Path) -> None:
    expected = reference(SYNTAXES[format], format)
    assert signatures(parsed(lines_of(SYNTAXES[format], format, tmp_path))) == expected
    assert signatures(parsed(lines_of("\ufeff" + SYNTAXES[format], format, tmp_path))) == expected


def test_blank_nodes_of_two_files_never_merge(tmp_path: Path) -> None:
    """In these layouts; labels of JSON-LD in parts are kept, as those of N-Triples, and read as each file's own."""
    for format in ("ttl", "trig", "rdf"):
        first, second = (parsed(lines_of(SYNTAXES[format], format, tmp_path)) for _ in range(2))
        blank = [{term for row in found for term in row if term.startswith("_:")} for found in (first, second)]
        assert blank[0]
        assert not blank[0] & blank[1]


def test_many_statements_are_written_in_order(tmp_path: Path) -> None:
    text = "".join(f"<a:s{i}> <a:p> <a:o{i}> .\n" for i in range(10_500))
    assert lines_of(text, "ttl", tmp_path) == text.encode()


REFUSED = {
    "ttl": (
        "",
        " \n",
        "# c\n",
        "<a:s> <a:p> <rel> .",
        "<a:s> <a:p>\n <a:o> ;;\n junk .",
        "<a:s> <a:p>\n\n'''a\nb",
        "<a:s> <a:p> <<( <a:s> <a:p> <a:o> )>> .",
        '<a:s> <a:p> "a"@en--ltr .',
        "{ <a:s> <a:p> <a:o> } .",
        "<<(" * 300,
        b"<a:s> <a:p>\n '\xff' .",
        b"# \xc3",
        "<a:s> <a:p> <a:o> .\n" * 2500 + "<a:s> <a:p> bad .\n" + "<a:s> <a:p> <a:o> .\n" * 50,
    ),
    "trig": ("a", "<a:g> { <a:s> <a:p> }", "<a:g> {\n<a:s> <a:p> <a:o> .\n"),
    "rdf": (
        "<a/>",
        ONE_XML.replace("urn:a:o", "rel"),
        ONE_XML.replace("</a:q>", ""),
        ONE_XML.replace("?>", "?><!DOCTYPE a>"),
        ONE_XML + "<b/>",
        ONE_XML.replace("</a:q>", "<!-- a -- b --></a:q>"),
        ONE_XML.replace("<a:q>", "<b:q>"),
        ONE_XML.replace("?>", ' encoding="latin1"?>'),
    ),
    "jsonld": (
        "1",
        '"a"',
        "{",
        "{}",
        "{} {}",
        '{}], "@graph": [{}',
        ONE_JSON + "]",
        ONE_JSON[:-1],
        ONE_JSON.replace('"p": "urn:a:p", ', ""),
        ONE_JSON.replace('"urn:a:s"', '"rel"'),
        ONE_JSON.replace('{"p": "urn:a:p"', '"http://a.invalid/", {"p": "urn:a:p"'),
        '{"@context": "http://a.invalid/", "@id": "a:s"}',
        '{"@context": {"@import": "http://a.invalid/"}, "@id": "a:s"}',
        "[" * 300 + "]" * 300,
        '{"@id": "a:s", "a:p": {"@type": "@json", "@value": {"@context": "a"}}}',
        ONE_JSON.replace("1.5", "tru"),
        ONE_JSON.replace("1.5", "01"),
        b'{"a:\xff": 1}',
    ),
}


@pytest.mark.parametrize(("format", "text"), [(format, text) for format, texts in REFUSED.items() for text in texts])
def test_other_syntaxes_are_refused_as_for_a_single_record(format: str, text: str | bytes, tmp_path: Path) -> None:
    path = tmp_path / f"x.{format}"
    with pytest.raises(RecordError) as found:
        lines_of(text, format, tmp_path)
    with pytest.raises(RecordError) as single:
        read_text(text, str(path))
    assert found.value.problem == single.value.problem


def test_what_looks_suspect_in_a_text_is_no_fault(tmp_path: Path) -> None:
    text = '<a:s> <a:p> "<<(", "a@en--ltr", "<https://undefined.invalid/>", "<https://relative.invalid/>" .'
    assert len(parsed(lines_of(text, "ttl", tmp_path))) == 4


def test_decimals_of_json_are_written_as_decimals(tmp_path: Path) -> None:
    assert '"1.5"^^' in lines_of(ONE_JSON, "jsonld", tmp_path).decode()


def test_an_unknown_format(tmp_path: Path) -> None:
    with pytest.raises(RecordError) as caught:
        lines_of("a", "doc", tmp_path)
    assert caught.value.problem.code == "unknown-format"


@pytest.mark.parametrize("broken", [None, 1, 3])
def test_several_files_in_processes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: int | None) -> None:
    monkeypatch.setattr(conversion, "_WORTH_PROCESSES", 1)
    paths = [tmp_path / f"{number}.ttl" for number in range(4)]
    for number, path in enumerate(paths):
        path.write_text(f"<a:s> <a:p> {'bad' if broken is not None and number >= broken else number} .")
    if broken is None:
        written = convert_all(paths, tmp_path, 2)
        assert [f'"{number}"' in written[path].read_text() for number, path in enumerate(paths)] == [True] * 4
        return
    with pytest.raises(RecordError) as caught:
        convert_all(paths, tmp_path, 2)
    assert caught.value.problem.file == str(paths[broken])


# -- JSON-LD in parts --


def canonical(data: bytes) -> frozenset[ox.Quad]:
    dataset = ox.Dataset(ox.parse(data, ox.RdfFormat.N_TRIPLES))
    dataset.canonicalize(ox.CanonicalizationAlgorithm.RDFC_1_0)
    return frozenset(dataset)


JSON = json.dumps({"@context": CONTEXT, "@graph": []})[:-2]
JSON_PATIENT = (
    '{{"@id": "ex:{0}", "@type": "gp:Patient", "gp:hasFinding": {{"@type": "sn:Fever"}},\n'
    '"gp:lacksFinding": {{"@id": "sn:ModicChange"}}}}'
)
P = '{"@id": "ex:c", "@type": "gp:Patient"'
HOT = ', "gp:hasFinding": {"@id": "ex:f", "@type": "sn:Fever"}}'
ODD_JSON = {
    "strings with brackets": P + r', "ex:p": "}, {\"@type\": [\\", "ex:q": ["\\\"", "]"]}',
    "an array": f'[{", ".join([JSON_PATIENT.format("c")] * 2)}]',
    "a graph": f'{{"@id": "ex:g", "@graph": [{JSON_PATIENT.format("c")}, {JSON_PATIENT.format("d")}]}}',
    "nested patients": f'{{"@id": "ex:c", "@type": "gp:Patient", "ex:p": [1, {JSON_PATIENT.format("d")}, 2]}}',
    "another context": '{"@context": {"q": "https://w3id.org/guideproof/core#"}, "@id": "ex:c", "@type": "q:Patient"}',
    "contexts": f'{{"@context": [null, {{"ex": "{EX}"}}], "@id": "ex:c", "@type": "{GP}Patient"}}',
    "values that are no nodes": '"x", 1, null, true, {}',
    "no patient": '{"@id": "ex:c", "ex:p": 1}',
    "numbers": P + ', "sn:conservativeTherapyWeeks": {"@value": 2.5, "@type": "xsd:decimal"}}',
    "nodes of two places": P + ', "gp:hasFinding": {"@id": "_:f"}}@{"@id": "_:f", "@type": "sn:Fever"}',
    "a node of two patients": f"{P}{HOT}@{P}{HOT}".replace("c", "d", 1),
    "a labelled node of two patients": f"{P}{HOT}@{P}{HOT}".replace("c", "d", 1).replace("ex:f", "_:f"),
    "a patient typed in two places": JSON_PATIENT.format("c") + "@" + JSON_PATIENT.format("c"),
    "a patient told of in two places": P + '}@{"@id": "ex:c", "gp:lacksFinding": {"@id": "sn:BackPain"}}',
    "a node of nobody": '{"@type": "sn:Fever"}',
}  # fmt: skip


MORE = b', "ex:p": [1, ' + ", ".join(map(JSON_PATIENT.format, range(90, 95))).encode() + b"]}"
PATIENTS = "".join(f"<urn:p:{i}> a <{GP}Patient> ; <urn:x:p> [ <urn:x:q> {i}.5 ] .\n" for i in range(40))


def jsonld(odd: str, at: int = 8, array: bool = False) -> bytes:
    """The same as one graph with a context, or as an array."""
    one, _, other = odd.partition("@{")
    values = [JSON_PATIENT.format(number) for number in range(16)]
    values = [*values[:at], one, *values[at:13], *([f"{{{other}"] if other else []), *values[13:]]
    if array:
        whole = [json.loads(f'{{"@context": {json.dumps(CONTEXT)}, "@graph": [{value}]}}') for value in values]
        return json.dumps(whole, indent=1).encode()
    return f"{JSON}{', '.join(value for value in values if value)}]}}".encode(errors="surrogateescape")


def json_odd() -> Iterator[tuple[str, bytes]]:
    for name, odd in ODD_JSON.items():
        yield name, jsonld(odd)
        yield f"{name}, in an array", jsonld(odd, array=True)
    for name, layout in LAYOUTS.items():
        if name.startswith("json"):
            yield name, layout[1]([Graph().parse(data=PATIENTS, format="turtle")]).encode()
    yield "another array behind the graph", jsonld("")[:-1] + MORE
    yield "two graphs", jsonld("")[:-1] + MORE.replace(b"ex:p", b"@graph")
    yield "a graph with a name", jsonld("").replace(b'"@graph"', b'"@id": "ex:g", "@graph"', 1)
    yield "a graph before its context", b'{"@graph": [' + jsonld("")[len(JSON) : -1] + b', "@context": {}}'
    yield "a label that N-Triples have not", jsonld("").replace(b'"ex:3"', b'"_:a b"')
    yield "a label by a prefix", jsonld("").replace(b'{"gp"', b'{"b": "_:", "gp"').replace(b'"ex:3"', b'"b:x y"')
    yield "a context of its own", jsonld(P + ', "ex:p": {"@context": {"q": "urn:q:"}, "q:a": 1}}')


@pytest.mark.parametrize("size", [1, 100, 2000, 1 << 20])
def test_json_in_parts_says_what_the_whole_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    for name, data in json_odd():
        with monkeypatch.context() as context:
            context.setattr(conversion, "json_parts", never)
            expected = canonical(lines_of(data, "jsonld", tmp_path))
        monkeypatch.setattr(json_parts, "SIZE", size)
        assert canonical(lines_of(data, "jsonld", tmp_path)) == expected, name


def never(*_: object) -> Iterator[str]:
    yield from ()
    raise json_parts.UnusualJsonError


@pytest.mark.parametrize("array", [False, True])
def test_documents_of_programs_are_read_in_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, array: bool) -> None:
    monkeypatch.setattr(json_parts, "SIZE", 500)
    monkeypatch.setattr(conversion, "_convert_whole_json", None)
    nodes = [
        json.loads(f'{{"@id": "{EX}{number}", "@type": "{GP}Patient", "urn:x:p": "é]}}"}}') for number in range(99)
    ]
    text = json.dumps(nodes if array else {"@context": CONTEXT, "@graph": nodes}, indent=1, ensure_ascii=False)
    path = tmp_path / "x.jsonld"
    path.write_text(text, "utf-8")
    with path.open("rb") as file:
        assert len(list(json_parts.json_parts(file, 0))) > 9
    assert len(parsed(lines_of(text, "jsonld", tmp_path))) == 198


# -- the same answers --


@pytest.fixture(scope="module")
def some(guideline: Guideline) -> list[Graph]:
    """Some records that conform."""
    drafts = Drafts(guideline, 3)
    return [Graph().parse(data=as_bytes([drafts.draft(number, "nothing")]), format="nt") for number in range(20)]


@pytest.fixture(scope="module")
def expected(guideline: Guideline, some: list[Graph], tmp_path_factory: pytest.TempPathFactory) -> Answers:
    """The answers for the same records in N-Triples, in one unit."""
    path = tmp_path_factory.mktemp("whole") / "cases.nt"
    write(path, as_lines(some))
    return answers(guideline, path)


def answers(guideline: Guideline, path: Path) -> Answers:
    """The answers for a file, and what is refused."""
    rows, rejects = batch(guideline, path)
    return rows, {(reject["patient"], reject["code"]) for reject in rejects}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_gives_the_same(
    guideline: Guideline, some: list[Graph], expected: Answers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    layout: str,
) -> None:  # fmt: skip
    suffix, written = LAYOUTS[layout]
    path = tmp_path / f"cases.{suffix}"
    path.write_bytes(written(some).encode())
    monkeypatch.setattr(triple_sources, "BYTES", 5_000)
    monkeypatch.setattr(json_parts, "SIZE", 2_000)
    assert answers(guideline, path) == expected


def test_two_runs_give_the_same_bytes(guideline: Guideline, some: list[Graph], tmp_path: Path,
                                      monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    monkeypatch.setattr(triple_sources, "BYTES", 5_000)
    path = tmp_path / "cases.ttl"
    path.write_text("".join(graph.serialize(format="turtle") for graph in some))
    found = set()
    for _ in range(2):
        batch(guideline, path)
        found.add((tmp_path / "cases.ttl.out.parquet").read_bytes())
    assert len(found) == 1

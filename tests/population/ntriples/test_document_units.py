"""RDF/XML and JSON-LD that are cut give what the whole file gives, wherever the cuts lie; else they are read whole."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterable
from pathlib import Path
from uuid import uuid4

import numpy as np
import pyoxigraph as ox
import pytest
from broken_records import Draft, Drafts
from document_layouts import CONTEXT, EX, LAYOUTS
from rdflib import RDF, Graph
from test_batch import SN, Row, as_lines, batch, write
from test_batch_fuzz import agree, as_bytes, by_batch, by_classify, drawn
from test_turtle_units import answers, never

from reasoner.errors import RecordError
from reasoner.guideline.guideline import Guideline
from reasoner.population.ntriples import triple_sources
from reasoner.population.ntriples.documents import cut
from reasoner.population.ntriples.grouping import lines
from reasoner.population.ntriples.json_units import Json
from reasoner.population.ntriples.pieces import UncutError
from reasoner.population.ntriples.triples import Data, Triples
from reasoner.population.ntriples.xml_units import Xml
from reasoner.rdf import read_graph
from reasoner.terms import GP

pytestmark = pytest.mark.usefixtures("no_disk")
Answers = tuple[dict[str, Row], set[tuple[object, object]]]


# -- the same answers --


@pytest.fixture(scope="module")
def some(guideline: Guideline) -> list[Graph]:
    """Some records that conform."""
    drafts = Drafts(guideline, 3)
    return [Graph().parse(data=as_bytes([drafts.draft(number, "nothing")]), format="nt") for number in range(20)]


@pytest.fixture(scope="module")
def uncut(guideline: Guideline, some: list[Graph], tmp_path_factory: pytest.TempPathFactory) -> Answers:
    """The answers for the same records in N-Triples, in one unit."""
    path = tmp_path_factory.mktemp("uncut") / "cases.nt"
    write(path, as_lines(some))
    return answers(guideline, path)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_cut_anywhere_gives_the_same(
    guideline: Guideline, some: list[Graph], uncut: Answers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    layout: str,
) -> None:  # fmt: skip
    suffix, written = LAYOUTS[layout]
    path = tmp_path / f"cases.{suffix}"
    path.write_bytes(written(some).encode())
    # In these layouts the nodes of a patient follow it, so that no piece lacks any.
    monkeypatch.setattr(triple_sources, "_written", never)
    size = path.stat().st_size // 12
    monkeypatch.setattr(triple_sources, "BYTES", size * triple_sources._LONGER)
    document = cut(path, size)
    assert document
    assert len(document.pieces) > 6
    assert answers(guideline, path) == uncut


@pytest.fixture(scope="module")
def drafts(guideline: Guideline) -> tuple[list[Draft], object]:
    """Records with everything that may be wrong in one, and what `classify` says of them."""
    found = drawn(guideline, 11, 40)
    return found, by_classify(guideline, as_bytes(found))


@pytest.mark.parametrize(("suffix", "size"), [("rdf", 1_000), ("rdf", 9_000), ("jsonld", 1_000), ("jsonld", 9_000)])
def test_random_records_are_answered_as_by_classify(
    guideline: Guideline, drafts: tuple[list[Draft], object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    suffix: str, size: int,
) -> None:  # fmt: skip
    kind = {"rdf": ox.RdfFormat.RDF_XML, "jsonld": ox.RdfFormat.JSON_LD}[suffix]
    monkeypatch.setattr(triple_sources, "BYTES", size * triple_sources._LONGER)
    path = tmp_path / f"drafts.{suffix}"
    quads = list(ox.parse(as_bytes(drafts[0]), ox.RdfFormat.N_TRIPLES))
    path.write_bytes(ox.serialize(quads, format=kind, prefixes=CONTEXT) or b"")
    assert cut(path, size)
    agree(by_batch(guideline, path), drafts[1])  # type: ignore[arg-type]


# -- what a cut could tear, and what no piece may hold --

XML = (
    f'<?xml version="1.0"?>\n<!-- records -->\n<rdf:RDF xmlns:rdf="{RDF}" xmlns:gp="{GP}"\n'
    f'  xmlns:sn="{SN}" xmlns:ex="{EX}" xml:base="https://example.org/">\n'
)
XML_PATIENT = (
    '  <gp:Patient rdf:about="{0}">\n    <gp:hasFinding><sn:Fever/></gp:hasFinding>\n'
    f'    <gp:lacksFinding rdf:resource="{SN}ModicChange"/>\n  </gp:Patient>\n'
)
JSON = json.dumps({"@context": CONTEXT, "@graph": []})[:-2]
JSON_PATIENT = (
    '{{"@id": "ex:{0}", "@type": "gp:Patient", "gp:hasFinding": {{"@type": "sn:Fever"}},\n'
    '"gp:lacksFinding": {{"@id": "sn:ModicChange"}}}}'
)
FAR = ' rdf:nodeID="far"'
C, D = '  <gp:Patient rdf:about="c"', '@  <gp:Patient rdf:about="d"'
FEVER = '<gp:hasFinding><sn:Fever rdf:about="f"/></gp:hasFinding></gp:Patient>\n'
ODD_XML = {
    "a comment that looks like patients": f"<!--\n{XML_PATIENT.format('c') * 9}-->\n",
    "text that looks like patients": f"{C}><ex:p><![CDATA[\n{XML_PATIENT.format('c') * 9}]]></ex:p></gp:Patient>\n",
    "an instruction that looks like patients": f"<?ex\n{XML_PATIENT.format('c') * 9}?>\n",
    "attributes with brackets": "  <gp:Patient rdf:about='c' ex:p='\n  >&lt;gp:Patient &#x3c;/rdf:RDF>'/>\n",
    "a literal of XML": f"{C}><ex:p rdf:parseType='Literal'>\n{XML_PATIENT.format('c') * 9}</ex:p></gp:Patient>\n",
    "nested patients": f'  <gp:Patient rdf:about="c"><ex:p>\n{XML_PATIENT.format("d")}</ex:p></gp:Patient>\n',
    "values of rdf:ID": '  <gp:Patient rdf:ID="c"/>\n',
    "another language and base": '  <gp:Patient rdf:about="#c" xml:base="http://a.b/" xml:lang="de" ex:p="x"/>\n',
    "no patient": '  <rdf:Description rdf:about="c" ex:p="x"/>\n',
    "nodes of two places": f"{C}><gp:hasFinding{FAR}/></gp:Patient>\n@<sn:Fever{FAR}/>\n",
    "a node of two patients": f"{C}>{FEVER}{D}>{FEVER}",
    "a labelled node of two patients": f"{C}>{FEVER}{D}>{FEVER}".replace(' rdf:about="f"', FAR),
    "a patient typed in two places": XML_PATIENT.format("c") + "@" + XML_PATIENT.format("c"),
    "a patient told of in two places": f'{C}/>\n@  <rdf:Description rdf:about="c"><gp:lacksFinding rdf:resource='
                                       f'"{SN}BackPain"/></rdf:Description>\n',
    "a node of nobody": "  <sn:Fever/>\n",
}  # fmt: skip
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


def xml(odd: str, at: int = 8) -> bytes:
    """Patients, and among them, or in two places, something odd."""
    one, _, other = odd.partition("@")
    patients = [XML_PATIENT.format(number) for number in range(16)]
    return "".join([XML, *patients[:at], one, *patients[at:13], other, *patients[13:], "</rdf:RDF>\n"]).encode(
        errors="surrogateescape"
    )


def jsonld(odd: str, at: int = 8, array: bool = False) -> bytes:
    """The same as one graph with a context, or as an array."""
    one, _, other = odd.partition("@{")
    values = [JSON_PATIENT.format(number) for number in range(16)]
    values = [*values[:at], one, *values[at:13], *([f"{{{other}"] if other else []), *values[13:]]
    if array:
        whole = [json.loads(f'{{"@context": {json.dumps(CONTEXT)}, "@graph": [{value}]}}') for value in values]
        return json.dumps(whole, indent=1).encode()
    return f"{JSON}{', '.join(value for value in values if value)}]}}".encode(errors="surrogateescape")


def whole(guideline: Guideline, path: Path, monkeypatch: pytest.MonkeyPatch) -> Answers:
    """The answers for a file that is not cut."""
    with monkeypatch.context() as context:
        context.setattr(triple_sources, "cut", lambda *_: None)
        context.setattr(triple_sources, "BYTES", 1 << 24)
        return answers(guideline, path)


MORE = b', "ex:p": [1, ' + ", ".join(map(JSON_PATIENT.format, range(90, 95))).encode() + b"]}"
TWO_PLACES = [name for name in ODD_XML if name.endswith(("two places", "two patients"))]


def plain(document: bytes) -> bytes:
    """RDF/XML without a base."""
    return document.replace(f' xml:base="{EX}"'.encode(), b"").replace(b'about="', b'about="' + EX.encode())


ODD = {**{f"xml: {name}": ("rdf", xml(odd)) for name, odd in ODD_XML.items()},
       **{f"json: {name}": ("jsonld", jsonld(odd)) for name, odd in ODD_JSON.items()},
       **{f"array: {name}": ("jsonld", jsonld(odd, array=True)) for name, odd in list(ODD_JSON.items())[::3]},
       **{f"plain xml: {name}": ("rdf", plain(xml(ODD_XML[name]))) for name in TWO_PLACES},
       "an instruction around the end": ("rdf", xml("<?a ").replace(b"</rdf:RDF>", b"</rdf:RDF> ?></rdf:RDF>")),
       "another array behind the graph": ("jsonld", jsonld("")[:-1] + MORE),
       "two graphs": ("jsonld", jsonld("")[:-1] + MORE.replace(b"ex:p", b"@graph"))}  # fmt: skip


@pytest.mark.parametrize("odd", ODD)
def test_what_is_odd_gives_what_the_whole_file_gives(
    guideline: Guideline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, odd: str
) -> None:
    suffix, data = ODD[odd]
    path = tmp_path / f"odd.{suffix}"
    path.write_bytes(data)
    wanted = whole(guideline, path, monkeypatch)
    assert len(wanted[0]) >= 8
    monkeypatch.setattr(triple_sources, "BYTES", 500 * triple_sources._LONGER)
    document = cut(path, 500)
    assert document
    assert len(document.pieces) > 3
    assert answers(guideline, path) == wanted


FORMS = {
    "another root": ("rdf", xml("").replace(b"rdf:RDF", b"rdf:Description")),
    "another root of the same name": ("rdf", xml("").replace(b"rdf:RDF", b"ex:RDF")),
    "a document type": ("rdf", xml("").replace(b"<!-- records -->", b"<!DOCTYPE x>")),
    "another encoding": ("rdf", xml("").replace(b'"1.0"', b'"1.0" encoding="ISO-8859-1"')),
    "a comment behind the end": ("rdf", xml("") + b"<!-- </rdf:RDF> -->"),
    "no end": ("rdf", xml("").replace(b"</rdf:RDF>", b"")),
    "a graph with a name": ("jsonld", jsonld("").replace(b'"@graph"', b'"@id": "ex:g", "@graph"', 1)),
    "a context that is elsewhere": ("jsonld", b'{"@context": "https://a.b/", "@graph": [' + jsonld("")[len(JSON) :]),
    "a graph before its context": ("jsonld", b'{"@graph": [' + jsonld("")[len(JSON) : -1] + b', "@context": {}}'),
    "more behind its graph": ("jsonld", jsonld("")[:-1] + b', "@id": "ex:g"}'),
}


@pytest.mark.parametrize("form", FORMS)
def test_documents_of_other_forms_are_not_cut(tmp_path: Path, form: str) -> None:
    suffix, data = FORMS[form]
    path = tmp_path / f"form.{suffix}"
    path.write_bytes(data)
    assert cut(path, 500) is None
    path.write_bytes(xml("") if suffix == "rdf" else jsonld(""))
    assert cut(path, 500)


# -- the argument: pieces that are whole by themselves, cut anywhere --

MARKUP = (
    "<ex:T/>", "<ex:T rdf:nodeID='x'><ex:p>a", "</ex:p></ex:T>", "<!-- ", " -->", "<![CDATA[", "]]>", "<?a ", "?>",
    "</rdf:RDF>", "<rdf:RDF>", "<ex:p ex:q='", "' />", "&lt;", "&#60;", "\n", "<ex:T rdf:ID='i'/>", "]", ">", "--",
    "<ex:T><ex:p><ex:T rdf:about='a:b'/></ex:p></ex:T>", "<ex:T ex:q='1>2'/>", "<ex:T", "/>",
)  # fmt: skip
VALUES = (
    '{"@id": "_:x", "ex:p": "a, {[\\""}', '{"ex:p": [1, {"ex:q": 2}]}', "1", '"a"', "null", "[]", "{}", ",", "{", "}",
    "[", "]", '"', "\\", '"ex:p": ', "]}", '{"@context": {"ex": "a:"}, "ex:p": 1}', " ",
    '{"@graph": [{"ex:p": 1}, {}]}',
)  # fmt: skip


def canonical(parts: Iterable[bytes]) -> frozenset[ox.Quad]:
    dataset = ox.Dataset(quad for part in parts for quad in ox.parse(part, ox.RdfFormat.N_TRIPLES))
    dataset.canonicalize(ox.CanonicalizationAlgorithm.RDFC_1_0)
    return frozenset(dataset)


def as_bytes_of(data: Data) -> bytes:
    """A piece that was read, as N-Triples; the labels that its reader made stand for nodes of no other piece."""
    if not isinstance(data, Triples):
        return bytes(data)  # type: ignore[arg-type]
    text = lines(data, np.arange(len(data)))
    return text.replace(data.made.encode(), f"_:m{uuid4().hex}".encode()) if data.made else text


@pytest.mark.parametrize("syntax", ["xml", "plain xml", "json"])
def test_pieces_that_are_whole_by_themselves_give_the_whole(tmp_path: Path, syntax: str) -> None:
    rng, torn, equal = random.Random(7), 0, 0
    header, footer, parts, comma, kind, suffix = {
        "xml": (XML.encode(), b"</rdf:RDF>", MARKUP, "", Xml, "rdf"),
        "json": (JSON.encode(), b"]}", VALUES, ",", Json, "jsonld"),
    }[syntax.removeprefix("plain ")]
    more = [{"rdf": str(RDF), "ex": EX}] if syntax == "plain xml" else []
    path = tmp_path / f"random.{suffix}"
    for _ in range(800):
        good = rng.random() < 0.5
        chosen = [rng.choice(parts[:1] if good and rng.random() < 0.9 else parts) for _ in range(rng.randint(2, 8))]
        text = header + comma.join(chosen).encode() + footer
        path.write_bytes(text)
        joints = [len(header + comma.join(chosen[:count]).encode()) for count in range(1, len(chosen))]
        places = joints if good else range(len(header) + 1, len(text) - len(footer))
        begins = [place for place in places if text[place : place + 1] in (b"<", b",")]
        if not begins:
            continue
        inner = sorted(rng.sample(begins, min(len(begins), rng.randint(1, 3))))
        document = kind(path, header, footer, (len(header), *inner, len(text) - len(footer)), *more)
        try:
            read = [as_bytes_of(document.read(*piece)) for piece in document.pieces]
        except (UncutError, RecordError):
            torn += 1
            continue
        assert canonical(read) == canonical(triple_sources.as_lines(path)), text
        equal += 1
    assert torn > 100
    assert equal > 50


VALUE = '{"ex:p": 1}'
DOUBTFUL = [
    (Xml, ("<ex:T/>", "text<ex:T/>")), (Xml, ("<ex:T/>", '<ex:T rdf:ID="x"/>')), (Json, (VALUE, f" {VALUE}")),
    (Json, (VALUE, ", ")), (Json, (f'{VALUE}], "ex:p": [1', ", 2")), (Json, ('{"ex:p": ', '"a", "}')),
    (Json, (VALUE, f", {VALUE}]")),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "parts"), DOUBTFUL)
def test_doubtful_pieces_are_not_read(tmp_path: Path, kind: type[Xml | Json], parts: tuple[str, ...]) -> None:
    header, footer = (XML.encode(), b"</rdf:RDF>") if kind is Xml else (JSON.encode(), b"]}")
    path = tmp_path / "doubtful"
    path.write_bytes(header + "".join(parts).encode() + footer)
    offsets = [len(header) + sum(map(len, parts[:count])) for count in range(len(parts) + 1)]
    document = kind(path, header, footer, tuple(offsets))
    with pytest.raises((UncutError, RecordError)) as found:
        for piece in document.pieces:
            document.read(*piece)
    assert found.type is UncutError


# -- errors --

DEEP = '{"ex:p": ' * 210 + "1" + "}" * 210
WRONG_XML = {
    "syntax": "  <gp:Patient>\n", "unfinished comment": "  <!-- x\n", "two hyphens": "  <!-- a -- b -->\n",
    "text": "x\n", "prefix": "  <no:Patient/>\n", "entity": "  <ex:T>&nbsp;</ex:T>\n",
    "attribute": "  <ex:T a='1' a='2'/>\n",
    "imports": '  <ex:T><owl:imports xmlns:owl="http://www.w3.org/2002/07/owl#" rdf:resource="a:b"/></ex:T>\n',
    "the same rdf:ID": '  <ex:T rdf:ID="c"/>\n@ <ex:T rdf:ID="c"/>\n', "encoding": "  <!-- \udce9 -->\n",
    "the end": "</rdf:RDF>\n", "a label": "  <ex:T rdf:nodeID='a b'/>\n", "document type": "<!DOCTYPE x>\n",
}  # fmt: skip
WRONG_JSON = {
    "syntax": '{"@id": "ex:c" "ex:p": 1}', "no value": ", 1", "brackets": '{"ex:p": [1}]', "string": '{"ex:p": "a',
    "remote context": '{"@context": "https://a.b/", "ex:p": 1}',
    "import": '{"@context": {"@import": "a:b"}, "ex:p": 1}',
    "undefined": '{"@id": "ex:c", "nope": 1}',
    "relative": '{"@id": "c", "ex:p": 1}', "deep": DEEP, "encoding": '"\udce9"',
    "imports": '{"@id": "ex:c", "http://www.w3.org/2002/07/owl#imports": {"@id": "ex:z"}}',
    "constant": '{"ex:p": NaN}',
    "the end": '1]}', "two documents": f"1]}} {JSON}1",
    "direction": '{"@id": "ex:c", "ex:p": {"@value": "a", "@language": "en", "@direction": "ltr"}}',
}  # fmt: skip
WRONG = [*(("rdf", xml, name, wrong) for name, wrong in WRONG_XML.items()),
         *(("jsonld", jsonld, name, wrong) for name, wrong in WRONG_JSON.items())]  # fmt: skip


@pytest.mark.parametrize(("suffix", "text", "name", "wrong"), WRONG, ids=[f"{one[0]}: {one[2]}" for one in WRONG])
def test_errors_are_those_of_the_whole_file(
    guideline: Guideline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str,
    text: Callable[[str, int], bytes], name: str, wrong: str,
) -> None:  # fmt: skip
    monkeypatch.setattr(triple_sources, "BYTES", 500 * triple_sources._LONGER)
    path = tmp_path / f"wrong.{suffix}"
    path.write_bytes(text(wrong, len(wrong) % 2 * 11))
    with pytest.raises(RecordError) as expected:
        read_graph(path)
    with pytest.raises(RecordError) as found:
        batch(guideline, path)
    assert found.value.problem == expected.value.problem, name
    assert not (tmp_path / f"wrong.{suffix}.out.parquet").exists()


def test_labels_of_two_files_are_two(guideline: Guideline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(triple_sources, "BYTES", 700 * triple_sources._LONGER)
    monkeypatch.setattr(triple_sources, "_written", never)
    folder = tmp_path / "records"
    folder.mkdir()
    (folder / "fever.rdf").write_text(XML + "".join(
        f'  <gp:Patient rdf:about="f{i}"><gp:hasFinding><sn:Fever rdf:nodeID="n{i}"/></gp:hasFinding></gp:Patient>\n'
        for i in range(20)) + "</rdf:RDF>")  # fmt: skip
    (folder / "pain.jsonld").write_text(JSON + ",".join(
        f'{{"@id": "ex:p{i}", "@type": "gp:Patient", "gp:hasFinding": {{"@id": "_:n{i}", "@type": "sn:BackPain"}}}}'
        for i in range(20)) + "]}")  # fmt: skip
    rows, rejects = batch(guideline, folder)
    assert not rejects
    assert len(rows) == 40
    for cls, first in (("sn:RedFlagPatient", "f"), ("sn:BackPainPatient", "p")):
        assert {name for name, row in rows.items() if row[cls] is True} == {f"{EX}{first}{i}" for i in range(20)}

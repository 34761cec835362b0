"""What the compiled loop reads of RDF/XML is well-formed and says what the full parser reads; all else it leaves."""

from __future__ import annotations

import random
from collections.abc import Iterable
from xml.parsers import expat

import pyoxigraph as ox
import pytest
from rdflib import RDF

from reasoner.population.ntriples.xml_columns import read_plain

NAMES = {"rdf": str(RDF), "ex": "https://example.org/", "a-b.c": "urn:x:"}
HEADER = "<rdf:RDF" + "".join(f' xmlns:{prefix}="{iri}"' for prefix, iri in NAMES.items()) + ">"


def triples(text: str) -> frozenset[ox.Quad]:
    """What the full parsers make of node elements. Raises ExpatError or SyntaxError."""
    whole = f"{HEADER}{text}</rdf:RDF>".encode()
    expat.ParserCreate("utf-8").Parse(whole, True)
    return canonical(ox.parse(whole, ox.RdfFormat.RDF_XML))


def canonical(quads: Iterable[ox.Quad]) -> frozenset[ox.Quad]:
    dataset = ox.Dataset(quads)
    dataset.canonicalize(ox.CanonicalizationAlgorithm.RDFC_1_0)
    return frozenset(dataset)


def read(text: str) -> frozenset[ox.Quad] | None:
    """What the loop makes of them; None where it leaves them, or gives lines that are invalid."""
    lines = read_plain(text.encode(errors="surrogateescape"), NAMES, "_:b")
    try:
        return None if lines is None else canonical(ox.parse(bytes(lines.view), ox.RdfFormat.N_TRIPLES))
    except SyntaxError:
        return None


NODE = '<ex:T rdf:about="a:x">{}</ex:T>'
PLAIN = {
    "a node": '<ex:T rdf:about="a:x"/>', "two": '<ex:T rdf:about="a:x"/>\n<ex:T rdf:about="a:y"></ex:T >',
    "no type": "<rdf:Description rdf:about='a:x'><rdf:type rdf:resource='a:T'/></rdf:Description>",
    "a label": "<ex:T rdf:nodeID='x-1'><ex:p rdf:nodeID='y'/></ex:T>", "no name": "<ex:T><ex:p>x</ex:p></ex:T><ex:T/>",
    "text": NODE.format("<ex:p> a \"b\" \\ \n\t c' ]]ü\u2028</ex:p>"), "another prefix": "<a-b.c:d-e.f/>",
    "a datatype": NODE.format("<ex:p rdf:datatype='a:d'>1</ex:p>"),
    "a string": NODE.format("<ex:p rdf:datatype='http://www.w3.org/2001/XMLSchema#string'>1</ex:p>"),
    "nodes": NODE.format("<ex:p>\n<ex:T>\r\n<ex:q><ex:T rdf:about='a:z'/> </ex:q>\t</ex:T></ex:p><ex:p>1</ex:p>"),
    "blanks": "\n <ex:T\n rdf:about='a:x' \n>\n <ex:p  rdf:resource='a:y' />\n</ex:T\n>\n", "nothing": " \n",
    "deep": "<ex:T><ex:p>" * 16 + "<ex:T/>" + "</ex:p></ex:T>" * 16, "IRIs": "<ex:T rdf:about='HTTP://é.b/../%C3?#~'/>",
}  # fmt: skip
LEFT = {
    "text before": "x<ex:T/>", "text among properties": NODE.format("x"), "a comment": "<ex:T/><!-- x -->",
    "an empty text": NODE.format("<ex:p></ex:p>"), "an empty element": NODE.format("<ex:p/>"),
    "blanks for a text": NODE.format("<ex:p> </ex:p>"), "a reference": NODE.format("<ex:p>&#65;</ex:p>"),
    "a reference in a name": '<ex:T rdf:about="a:x&amp;y"/>', "CDATA": NODE.format("<ex:p><![CDATA[x]]></ex:p>"),
    "end of CDATA": NODE.format("<ex:p>]]></ex:p>"), "a return": NODE.format("<ex:p>a\rb</ex:p>"),
    "another attribute": '<ex:T ex:p="x"/>', "two attributes": '<ex:T rdf:about="a:x" rdf:nodeID="x"/>',
    "rdf:ID": '<ex:T rdf:ID="x"/>', "a literal of XML": NODE.format('<ex:p rdf:parseType="Literal">x</ex:p>'),
    "a language": NODE.format('<ex:p xml:lang="en">x</ex:p>'), "a namespace": '<ex:T xmlns:q="a:b"/>',
    "an unknown prefix": "<q:T/>", "no prefix": "<T/>", "no local name": "<ex:/>", "a list": "<rdf:Seq/>",
    "an item": NODE.format("<rdf:li>x</rdf:li>"), "another end": "<ex:T></ex:U>", "no end": "<ex:T>",
    "an end": "</ex:T>",
    "two nodes in a property": NODE.format("<ex:p><ex:T/><ex:T/></ex:p>"), "half a tag": "<ex:T",
    "a tag's end": "<ex:T/",
    "text before a node": NODE.format("<ex:p>x<ex:T/></ex:p>"),
    "text behind a node": NODE.format("<ex:p><ex:T/>x</ex:p>"),
    "a resource around": NODE.format('<ex:p rdf:resource="a:x"></ex:p>'), "a quote": "<ex:T rdf:about='a:x\"/>",
    "about a property": NODE.format('<ex:p rdf:about="a:x">x</ex:p>'), "no blank": "<ex:Trdf:about='a:x'/>",
    "a datatype of a node": NODE.format('<ex:p rdf:datatype="a:d"><ex:T/></ex:p>'), "no IRI": '<ex:T rdf:about=""/>',
    "a node with a resource": '<ex:T rdf:resource="a:x"/>', "two lines": '<ex:T rdf:about="a:x>\n<a:y"/>',
    "a blank in an IRI": '<ex:T rdf:about="a:x a:y"/>', "an escape in an IRI": r'<ex:T rdf:about="a:\u0041"/>',
    "a dot in a label": "<ex:T rdf:nodeID='x.'/>", "a digit before": "<ex:T rdf:nodeID='1'/>", "control": "<ex:T/>\x01",
    "no character": NODE.format("<ex:p>\uffff</ex:p>"), "no UTF-8": NODE.format("<ex:p>\udce9</ex:p>"),
    "too deep": "<ex:T><ex:p>" * 40 + "<ex:T/>" + "</ex:p></ex:T>" * 40, "an instruction": "<?a b?><ex:T/>",
    "a zero": "<ex:T/>\0", "a language string": NODE.format(f"<ex:p rdf:datatype='{RDF.langString}'>x</ex:p>"),
}  # fmt: skip


@pytest.mark.parametrize("text", PLAIN.values(), ids=PLAIN.keys())
def test_what_is_plain_is_read_as_by_the_full_parser(text: str) -> None:
    assert read(text) == triples(text)


@pytest.mark.parametrize("text", LEFT.values(), ids=LEFT.keys())
def test_what_is_not_plain_is_left(text: str) -> None:
    assert read(text) is None


def test_without_prefixes_nothing_is_read() -> None:
    assert read_plain(b"<ex:T/>", {}, "_:b") is None


def test_labels_begin_as_they_are_to() -> None:
    lines = read_plain(b"<ex:T/>" * 120, NAMES, "_:bb")
    assert lines
    labels = {line.split()[0] for line in bytes(lines.view).splitlines()}
    assert len(labels) == 120
    assert all(label.startswith(b"_:bb") for label in labels)


PARTS = (
    "<ex:T>", "</ex:T>", "<ex:p>", "</ex:p>", "<ex:T/>", "<ex:p rdf:resource='a:x'/>", "<ex:T rdf:nodeID='x'>", "x",
    "]]", "<rdf:Description rdf:about='a:x'>", "</rdf:Description>", " ", "\n", "<rdf:type rdf:resource='a:T'/>", '"',
    "<", ">\n", "<ex:p rdf:datatype='a:d'>", "<ex:p>1</ex:p>", ">", "/", "é", "\\", "'", "&lt;", "<!---->",
)  # fmt: skip


def test_random_texts_are_read_as_by_the_full_parser_or_left() -> None:
    rng, plain, left = random.Random(9), 0, 0
    for _ in range(6_000):
        text = nested(rng, 0)
        for _ in range(rng.choice((0, 0, 1, 1, 2))):
            place = rng.randrange(len(text) + 1)
            text = text[:place] + rng.choice(PARTS) + text[place + rng.choice((0, 0, 1, 5)) :]
        found = read(text)
        if found is None:
            left += 1
            continue
        assert found == triples(text), text
        plain += 1
    assert plain > 2_000
    assert left > 1_000


def nested(rng: random.Random, depth: int) -> str:
    """Some node elements."""
    found = ""
    for _ in range(rng.randint(1, 2)):
        name = rng.choice(("ex:T", "rdf:Description", "a-b.c:U"))
        called = rng.choice(("", f' rdf:about="a:{rng.randint(1, 9)}"', f" rdf:nodeID='x{rng.randint(1, 3)}'"))
        inner = "".join(stated(rng, depth) for _ in range(rng.randint(0, 3)))
        found += f"<{name}{called}>\n{inner}</{name}>\n" if inner else f"<{name}{called}/>"
    return found


def stated(rng: random.Random, depth: int) -> str:
    kind = rng.randint(0, 4 if depth < 3 else 3)
    if kind == 4:
        inner = nested(rng, depth + 1)
        return f"<ex:p>{inner}</ex:p>" if inner.count("\n<") == 0 else f"<ex:p>{nested(rng, 9)}</ex:p>"
    return ("<ex:p rdf:resource='a:x'/>", '<ex:q rdf:nodeID="x1"/>\n', "<ex:p>a 'b'\n\"c\"</ex:p>",
            f'<ex:p rdf:datatype="a:d">{rng.random()}</ex:p>')[kind]  # fmt: skip

"""Reading by columns gives the triples that the full parser gives, refuses what it refuses, and says where."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyoxigraph as ox
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reasoner.errors import RecordError
from reasoner.population.ntriples import ntriples
from reasoner.population.ntriples.ntriples import Block, as_lines, blocks
from reasoner.population.ntriples.triples import Triples, read_block
from reasoner.rdf import read_text

XSD = "http://www.w3.org/2001/XMLSchema#"
RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
IMPORTS = "http://www.w3.org/2002/07/owl#imports"
Rows = set[tuple[str, str, str]]

# Valid and invalid terms, plain and odd; the full parser says which is which.
IRIS = (
    "<https://example.org/p1>",
    "<urn:uuid:0b>",
    "<https://example.org/a?b=c&d#e>",
    "<a:%20>",
    "<http://[::1]:80/>",
    "<http://user@example.org:8080/a;b=(c)>",
    "<https://example.org/é/日本>",
    "<https://example.org/\\u00e9>",
    "<a:>",
    "<a:\\U0001F600>",
    "<a:😀>",
    "<http://a:>",
    "<file:///a/b>",
    "<a:/b>",
    "<a://>",
    "<mailto:a@b.c>",
    "<A:B>",
    "<http://a.b/c'd*e!$,~>",
    "<http://a/?b?c/d#e?f/g>",
    "<tag:a,2:b>",
    "<http://a:99999/>",
)
BAD_IRIS = (
    "<>",
    "<a>",
    "<//a/b>",
    "<a:b c>",
    "<a:%zz>",
    "<a:%2>",
    "<a:b#c#d>",
    "<:a>",
    "<a:\ue000>",
    "<a:\\n>",
    "<1a:b>",
    "<a:\\uD800>",
    "<a:{b}>",
    "<a:b",
    "a:b",
    "<a:<b>>",
    "<http://a:8x/>",
    "<a:^>",
    "<a:`>",
    "<a:|>",
)
NODES = ("_:b0", "_:a.b", "_:0", "_:a-b_c", "_:é", "_:d1", "_:00ff", "_:A", "_:a..b")
BAD_NODES = ("_:", "_:-a", "_:a.", "_:.a", "_:a:b", "_ :a", "[]")
LITERALS = (
    '"a"',
    '""',
    '"a b  c"',
    '"a"@en',
    '"a"@EN-us',
    '"a"@zh-hant',
    '"a\\tb\\n\\r\\"\\\\"',
    '"\\b\\f\\\'"',
    '"\\u0007"',
    f'"1.50"^^<{XSD}decimal>',
    f'"a"^^<{XSD}string>',
    f'"x y"^^<{XSD}string>',
    '"a\tb"',
    '"\x07"',
    '"é日本😀"',
    '"\\u00e9"',
    '"a" @en',
    f'"1" ^^ <{XSD}integer>',
    '"a . # b"',
    '"<a:b> ."',
    '"\x7f"',
    '"\ufffe"',
    '"\ufdd0"',
    '"\u2028\x85"',
    '"\U0001fffe"',
    '"\\U0001F600"',
    '"a"@de-DE',
    '"a"@en-latn-us',
    '"1"^^<a:%20>',
    '"\x00"',
    '"it\'s"',
    '"a"@abc-de',
    '"#"',
    '"."',
)
BAD_LITERALS = (
    '"a',
    '"a"b"',
    "'a'",
    '"a"@',
    '"a"@1',
    '"a"@en_us',
    '"a"^^a',
    '"a"^^<b>',
    '"a"^^',
    '"\\x"',
    '"\\uD800"',
    '"a\rb"',
    "1",
    "true",
    f'"a"^^<{RDF}langString>',
    '"a"@abcdefghi',
    '"""a"""',
    '"\\U00110000"',
    '"a"^^_:b',
    '"a"@a-b',
    f'"a"^^<{RDF}dirLangString>',
)
ODD_LINES = ("", "# a comment", "   ", "\t# <a:s> <a:p> <a:o> .", "#", "# \"", " \t ")  # fmt: skip
BAD_LINES = (
    "junk",
    "<a:s> <a:p> .",
    "<a:s> <a:p> <a:o>",
    "<a:s> <a:p> <a:o> . <a:s> <a:p> <a:o> .",
    '"a" <a:p> <a:o> .',
    ".",
    " .",
    "<a:s> _:p <a:o> .",
    '<a:s> "p" <a:o> .',
    "<a:s> <a:p> <a:o> ; .",
    "<a:s> <a:p> <a:o> , <a:o2> .",
    "<a:s> a <a:o> .",
    "<a:s> <a:p> <a:o> <a:g> .",
    "@prefix a: <a:> .",
    "<a:s> <a:p> <a:o> ..",
    "<a:s> <a:p> <a:o> .\x0c",
    "<a:s>\xa0<a:p> <a:o> .",
    "<a:s> <a:p> <a:o> . junk",
    "\ufeff<a:s> <a:p> <a:o> .",
    "<a:s> # c",
    "<a:s> <a:p> <a:o> # .",
    "<a:s> <a:p> <a:o> . .",
    "<a:p> <a:o> .",
)
PLAIN = "<a:s> <a:p> <a:o> ."


def rows(triples: Triples) -> Rows:
    nodes, predicates = triples.nodes.to_pylist(), triples.predicates.to_pylist()
    codes = zip(triples.subject, triples.predicate, triples.object, strict=True)
    return {(nodes[s], predicates[p], nodes[o]) for s, p, o in codes}


def parsed(data: str | bytes) -> Rows:
    text = data.encode() if isinstance(data, str) else data
    quads = ox.parse(text, ox.RdfFormat.N_TRIPLES)
    return {(str(quad.subject), str(quad.predicate), str(quad.object)) for quad in quads}


def is_valid(line: str) -> bool:
    try:
        parsed(line)
    except SyntaxError:
        return False
    return True


def check(data: str | bytes) -> Triples:
    """The block as read, once it is what the full parser gives and keeps what it promises."""
    text = data.encode() if isinstance(data, str) else data
    triples = read_block(text, "x.nt")
    assert rows(triples) == parsed(text)
    nodes, predicates = triples.nodes.to_pylist(), triples.predicates.to_pylist()
    assert len(set(nodes)) == len(nodes)
    assert len(set(predicates)) == len(predicates)
    pairs = list(zip(triples.pair_predicate.tolist(), triples.pair_object.tolist(), strict=True))
    assert len(set(pairs)) == len(pairs)
    assert set(triples.subject.tolist()) == set(range(triples.subjects))
    assert set(triples.pair.tolist()) == set(range(len(pairs)))
    assert set(triples.subject.tolist()) | set(triples.object.tolist()) == set(range(len(nodes)))
    assert {a.dtype for a in (triples.subject, triples.pair, triples.predicate, triples.object, triples.pair_link)} == {
        np.dtype(np.int32)
    }
    return triples


def refused(data: str | bytes, first: int = 1) -> tuple[str, int | None]:
    """The code and the line of the error of a block."""
    with pytest.raises(RecordError) as caught:
        read_block(data.encode() if isinstance(data, str) else data, "x.nt", first)
    problem = caught.value.problem
    assert problem.file == "x.nt"
    return problem.code, problem.line


# -- what is read --


def test_the_table() -> None:
    triples = check(
        "<a:s> <a:p> _:n .\n<a:s> <a:q> <a:o> .\n_:n <a:q> <a:o> .\n_:n <a:q> <a:o> .\n<a:t> <a:p> <a:s> .\n"
    )
    assert triples.nodes.to_pylist() == ["<a:s>", "_:n", "<a:t>", "<a:o>"]
    assert triples.predicates.to_pylist() == ["<a:p>", "<a:q>"]
    assert triples.subject.tolist() == [0, 0, 1, 1, 2]
    assert triples.object.tolist() == [1, 3, 3, 3, 0]
    assert triples.pair_link.tolist() == [1, -1, 0]
    assert (len(triples), triples.subjects) == (5, 3)


@pytest.mark.parametrize("data", ["", "\n", "\n\n", "# only a comment", "\r\n", "  \n\t\n"])
def test_no_triples(data: str) -> None:
    assert len(check(data)) == 0


@pytest.mark.parametrize("kind", [bytes, memoryview, pa.py_buffer])
def test_kinds_of_data(kind: type) -> None:
    assert rows(read_block(kind(b"<a:s> <a:p> <a:o> .\n<a:s> <a:p> \"o o\" ."), "x.nt")) == {
        ("<a:s>", "<a:p>", "<a:o>"), ("<a:s>", "<a:p>", '"o o"')}  # fmt: skip


@pytest.mark.parametrize("term", IRIS + NODES + LITERALS)
def test_each_valid_term(term: str) -> None:
    check(f"{PLAIN}\n<a:s> <a:p> {term} .\n{PLAIN}\n")
    if not term.startswith('"'):
        check(f"{PLAIN}\n{term} <a:p> {term} .")
    if term.startswith("<"):
        check(f"{term} {term} {term} .\n{PLAIN}")


@pytest.mark.parametrize("term", BAD_IRIS + BAD_NODES + BAD_LITERALS)
def test_each_invalid_term(term: str) -> None:
    for line in (f"<a:s> <a:p> {term} .", f"{term} <a:p> <a:o> .", f"<a:s> {term} <a:o> ."):
        assert not is_valid(line)
        code, number = refused(f"{PLAIN}\n# c\n{line}\n{PLAIN}\njunk\n", 10)
        assert code in ("syntax-error", "relative-iri")
        assert number == 12


@pytest.mark.parametrize("line", BAD_LINES)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_each_invalid_line(line: str, end: str) -> None:
    assert not is_valid(line)
    assert refused(end.join([PLAIN] * 3 + [line])) == ("syntax-error", 4)
    assert refused(end.join(("", line, PLAIN, "junk"))) == ("syntax-error", 2)


@pytest.mark.parametrize("line", ["<a:s> <a:p> <<( <a:s> <a:p> <a:o> )>> .", '<a:s> <a:p> "a"@en--ltr .'])
def test_beyond_rdf_11(line: str) -> None:
    assert refused(f"{PLAIN}\n\n{line}\n") == ("rdf-12", 3)


def test_literals_stand_as_objects_only() -> None:
    assert refused(f'{PLAIN}\n<a:s> <a:p> "a" .\n"a" <a:p> <a:s> .') == ("syntax-error", 3)
    assert refused(f"{PLAIN}\n<a:s> <a:p> _:a .\n<a:s> _:a <a:s> .") == ("syntax-error", 3)


@pytest.mark.parametrize("bad", [b"\xff", b"\xed\xa0\x80", b"\xc3", b"\xf4\x90\x80\x80", b"\xc0\x80"])
@pytest.mark.parametrize("line", [b'<a:s> <a:p> "%s" .', b"<a:%s> <a:p> <a:o> .", b"# %s", b'<a:s>\t<a:p> "%s" .'])
def test_not_utf8(bad: bytes, line: bytes) -> None:
    assert refused(b"<a:s> <a:p> <a:o> .\n\n%s\n" % (line % bad), 5) == ("not-utf8", 7)


def test_imports_are_refused() -> None:
    assert refused(f"{PLAIN}\n<a:s> <{IMPORTS}> <a:o> .\n") == ("owl-imports", 2)
    assert refused(f"{PLAIN}\n<a:s>\t<{IMPORTS}> <a:o> .\n") == ("owl-imports", 2)
    assert len(check(f'<a:s> <a:p> <{IMPORTS}> .\n<a:s> <a:p> "<{IMPORTS}>" .')) == 2


def test_lines_are_counted_only_where_an_error_names_one() -> None:
    def count() -> int:
        raise LookupError

    read_block(b"# c\n<a:s>\t<a:p> <a:o> .\n", "x.nt", count)
    with pytest.raises(LookupError):
        read_block(b"junk\n", "x.nt", count)


def test_an_odd_line_that_repeats_a_part_of_a_plain_one() -> None:
    assert refused("<a:s> <a:p> <a:o> .\n<a:p> <a:o> .\n<a:s> <a:p> <a:o> .\n") == ("syntax-error", 2)
    check("<a:s> <a:p> <a:o> .\n <a:s> <a:p> <a:o> .\n<a:s>  <a:p> <a:o> .\n<a:s><a:p> <a:o>.\n<a:s> <a:p> <a:o>  .\n")


# -- seeded and drawn --


def line_of(rng: random.Random, broken: float) -> str:
    if rng.random() < 0.1:
        return rng.choice(ODD_LINES)
    if rng.random() < broken:
        return rng.choice(BAD_LINES)

    def term(*kinds: tuple[str, ...]) -> str:
        good, bad = kinds[: len(kinds) // 2], kinds[len(kinds) // 2 :]
        return rng.choice(rng.choice(bad if rng.random() < broken else good))

    gaps = [rng.choice((" ", " ", " ", " ", "\t", "  ", "")) if rng.random() < 0.3 else " " for _ in range(3)]
    subject, object_ = (
        term(IRIS, NODES, BAD_IRIS, BAD_NODES),
        term(IRIS, NODES, LITERALS, BAD_IRIS, BAD_NODES, BAD_LITERALS),
    )
    line = f"{subject}{gaps[0]}{term(IRIS, BAD_IRIS)}{gaps[1]}{object_}{gaps[2]}."
    return rng.choice((line,) * 8 + (f" {line}", f"{line} ", f"{line} # c", f"{line}# <a:b> ."))


def expected(lines: list[str]) -> int | None:
    """The number of the first line that the full parser refuses."""
    return next((number for number, line in enumerate(lines, 1) if not is_valid(line)), None)


@pytest.mark.parametrize("broken", [0, 0.01])
@pytest.mark.parametrize("seed", range(60))
def test_random_blocks(seed: int, broken: float) -> None:
    rng = random.Random(f"{seed} {broken}")
    lines = [line_of(rng, broken) for _ in range(rng.choice((1, 3, 40)))]
    if not broken:
        lines = [line for line in lines if is_valid(line)]
    text = rng.choice(("\n", "\n", "\r\n")).join(lines) + rng.choice(("", "\n", "\n\n", "\r"))
    bad = expected(lines)
    if bad is None:
        check(text)
    else:
        code, number = refused(text)
        assert code in ("syntax-error", "relative-iri")
        assert number == bad


@pytest.mark.parametrize("seed", range(150))
def test_lines_with_one_character_changed(seed: int) -> None:
    rng = random.Random(seed)
    for _ in range(20):
        line = line_of(rng, 0)
        at = rng.randrange(len(line) + 1)
        new = rng.choice(
            ("", " ", "\t", '"', "<", ">", "\\", ".", "#", "^", "@", ":", "_", "-", "%", "é", "\x0b", "\r", "a", "\x00")
        )
        line = line[:at] + new + line[at + rng.randrange(2) :]
        if is_valid(line):
            check(f"{PLAIN}\n{line}\n")
        else:
            assert refused(f"{PLAIN}\n{line}\n")[1] == 2


@settings(max_examples=300, deadline=None)
@given(st.lists(st.text(st.characters(exclude_categories=("Cs",)), max_size=8), min_size=1, max_size=4))
def test_any_text_in_a_literal_and_an_iri(texts: list[str]) -> None:
    literals = [str(ox.Literal(text)) for text in texts]
    raw = ['"' + text.replace("\\", "").replace('"', "").replace("\n", "").replace("\r", "") + '"' for text in texts]
    check("\n".join(f"<a:s> <a:p> {term} ." for term in literals + raw))
    for text in texts:
        line = f"<a:s> <a:{text}> <http://{text}> ."
        if "\n" in line or not is_valid(line):
            with pytest.raises(RecordError):
                read_block(line.encode(), "x.nt")
        else:
            check(line)


# -- blocks of a file --


@pytest.fixture
def mixed(tmp_path: Path) -> Path:
    rng = random.Random(4)
    lines = [line for line in (line_of(rng, 0) for _ in range(30)) if is_valid(line)]
    path = tmp_path / "mixed.nt"
    path.write_bytes("\n".join([*lines, "", f'<a:s> <a:p> "{"long " * 60}" .', "_:b0 <a:p> _:b0 ."]).encode())
    return path


def read(found: Iterator[Block]) -> Rows:
    return {row for block in found for row in rows(read_block(block.data, "x.nt", block.first_line))}


def test_blocks_of_every_size(mixed: Path) -> None:
    data = mixed.read_bytes()
    for size in (*range(1, 400), len(data) - 1, len(data), len(data) + 1):
        found = list(blocks(mixed, size))
        assert b"".join(block.data for block in found) == data
        assert all(bytes(block.data).endswith(b"\n") for block in found[:-1])
        assert [block.stop for block in found[:-1]] == [block.start for block in found[1:]]
        assert all(len(block.data) <= size or bytes(block.data[:-1]).count(b"\n") == 0 for block in found) or size < 200
    assert read(blocks(mixed, 100)) == parsed(data)


def test_blocks_go_on_where_one_stopped(mixed: Path) -> None:
    data = mixed.read_bytes()
    for block in blocks(mixed, 64):
        assert b"".join(other.data for other in blocks(mixed, 300, block.stop)) == data[block.stop :]
        assert block.first_line() == data[: block.start].count(b"\n") + 1


def test_the_line_of_an_error_in_any_block(tmp_path: Path) -> None:
    path = tmp_path / "x.nt"
    for at in (1, 2, 7, 50):
        path.write_text("\n".join([f"<a:s{i}> <a:p> <a:o> ." for i in range(1, at)] + ["junk", PLAIN]))
        for size in (1, 30, 100, 10_000):
            with pytest.raises(RecordError) as caught:
                read(blocks(path, size))
            assert caught.value.problem.line == at


def test_a_mark_of_the_byte_order(tmp_path: Path) -> None:
    path = tmp_path / "x.nt"
    path.write_bytes(b"\xef\xbb\xbf" + PLAIN.encode())
    (block,) = blocks(path)
    assert (block.start, bytes(block.data)) == (3, PLAIN.encode())
    assert block.first_line() == 1


def test_files_that_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for path, code in ((tmp_path, "is-a-directory"), (tmp_path / "none.nt", "no-such-file")):
        with pytest.raises(RecordError) as caught:
            list(blocks(path))
        assert caught.value.problem.code == code
    path = tmp_path / "x.nt"
    path.write_text(f'{PLAIN}\n<a:s> <a:p> "{"a" * 100}" .\n')
    monkeypatch.setattr(ntriples, "MAX_LINE", 50)
    with pytest.raises(RecordError) as caught:
        list(blocks(path, 40))
    assert (caught.value.problem.code, caught.value.problem.line) == ("line-too-long", 2)


def test_an_empty_file_has_no_blocks(tmp_path: Path) -> None:
    (tmp_path / "empty.nt").write_text("")
    assert list(blocks(tmp_path / "empty.nt")) == []


# -- other syntaxes --

TURTLE = """@prefix a: <urn:a:> .
a:s a:p [ a:q "x y", "é"@en, 1.50 ], ( a:o 2 ) ; a:r _:n . _:n a:p 1e3 .
"""
TRIG = TURTLE + "a:g { a:s a:p a:in . _:n a:p a:in }\n"
XML = """<?xml version="1.0"?>
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:a="urn:a:">
<rdf:Description rdf:about="urn:a:s"><a:p rdf:resource="urn:a:o"/>
<a:q><rdf:Description a:p="1"/></a:q></rdf:Description>
</rdf:RDF>"""
JSON = """{"@context": {"p": "urn:a:p", "d": {"@id": "urn:a:d", "@type": "http://www.w3.org/2001/XMLSchema#decimal"}},
"@id": "urn:a:s", "p": [{"p": "a [ \\" { b"}, "\\\\"], "d": 1.5}"""
SYNTAXES = {"ttl": TURTLE, "trig": TRIG, "rdf": XML, "jsonld": JSON, "nt": f"{PLAIN}\n_:b <a:p> _:b .\n"}


def signatures(found: Rows) -> list[tuple[str, ...]]:
    """The triples with every blank node alike; enough for these few."""
    return sorted(tuple("_:" if term.startswith("_:") else term for term in row) for row in found)


def reference(text: str, format: str) -> list[tuple[str, ...]]:
    graph = read_text(text, "x", format=format).graph
    return signatures(parsed(graph.serialize(format="ntriples")))


def lines_of(text: str | bytes, format: str) -> bytes:
    return b"".join(as_lines(text.encode() if isinstance(text, str) else text, format, "x"))


@pytest.mark.parametrize("format", SYNTAXES)
def test_other_syntaxes(format: str, tmp_path: Path) -> None:
    text = SYNTAXES[format]
    expected_rows = reference(text, format)
    assert signatures(rows(read_block(lines_of(text, format), "x"))) == expected_rows
    path = tmp_path / f"x.{format}"
    path.write_text("\ufeff" + text, "utf-8")
    assert signatures(rows(read_block(b"".join(as_lines(path)), "x"))) == expected_rows


def test_blank_nodes_of_two_files_never_merge() -> None:
    for format, text in SYNTAXES.items():
        first, second = (rows(read_block(lines_of(text, format), "x")) for _ in range(2))
        blank = [{term for row in found for term in row if term.startswith("_:")} for found in (first, second)]
        assert blank[0]
        assert not blank[0] & blank[1]


def test_many_statements_make_several_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ntriples, "SIZE", 50_000)
    text = "".join(f"<a:s{i}> <a:p> <a:o{i}> .\n" for i in range(10_500))
    found = list(as_lines(text.encode(), "ttl", "x"))
    assert len(found) > 3
    assert set().union(*(rows(read_block(block, "x")) for block in found)) == parsed(text)


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
        XML.replace("urn:a:o", "rel"),
        XML.replace("</a:q>", ""),
        XML.replace("?>", "?><!DOCTYPE a>"),
        XML + "<b/>",
        XML.replace("</a:q>", "<!-- a -- b --></a:q>"),
        XML.replace("<a:q>", "<b:q>"),
        XML.replace("?>", ' encoding="latin1"?>'),
    ),
    "jsonld": (
        "1",
        '"a"',
        "{",
        "{}",
        "{} {}",
        '{}], "@graph": [{}',
        JSON + "]",
        JSON[:-1],
        JSON.replace('"p": "urn:a:p", ', ""),
        JSON.replace('"urn:a:s"', '"rel"'),
        JSON.replace('{"p": "urn:a:p"', '"http://a.invalid/", {"p": "urn:a:p"'),
        '{"@context": "http://a.invalid/", "@id": "a:s"}',
        '{"@context": {"@import": "http://a.invalid/"}, "@id": "a:s"}',
        "[" * 300 + "]" * 300,
        '{"@id": "a:s", "a:p": {"@type": "@json", "@value": {"@context": "a"}}}',
        JSON.replace("1.5", "tru"),
        JSON.replace("1.5", "01"),
        b'{"a:\xff": 1}',
    ),
}


@pytest.mark.parametrize(("format", "text"), [(format, text) for format, texts in REFUSED.items() for text in texts])
def test_other_syntaxes_are_refused_as_for_a_single_record(format: str, text: str | bytes, tmp_path: Path) -> None:
    data = text.encode() if isinstance(text, str) else text
    path = tmp_path / f"x.{format}"
    path.write_bytes(data)
    with pytest.raises(RecordError) as single:
        read_text(data, str(path))
    for form in (path, data):
        with pytest.raises(RecordError) as batch:
            list(as_lines(form, format, str(path)))
        assert batch.value.problem == single.value.problem


def test_what_looks_suspect_in_a_text_is_no_fault() -> None:
    text = '<a:s> <a:p> "<<(", "a@en--ltr", "<https://undefined.invalid/>", "<https://relative.invalid/>" .'
    assert len(read_block(lines_of(text, "ttl"), "x")) == 4


def test_decimals_of_json_are_written_as_decimals() -> None:
    assert '"1.5"^^' in lines_of(JSON, "jsonld").decode()


def test_an_unknown_format() -> None:
    with pytest.raises(RecordError) as caught:
        list(as_lines(b"a", "doc", "x"))
    assert caught.value.problem.code == "unknown-format"
    assert list(as_lines(PLAIN.encode()))

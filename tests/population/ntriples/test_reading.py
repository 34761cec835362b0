"""Reading by columns gives the triples that the full parser gives, refuses what it refuses, and says where."""

from __future__ import annotations

import random

import numpy as np
import pyarrow as pa
import pyoxigraph as ox
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reasoner.errors import RecordError
from reasoner.population.ntriples.reading import read_block
from reasoner.population.ntriples.sweep import as_lines
from reasoner.population.ntriples.triple_block import TripleBlock

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


def rows(block: TripleBlock) -> Rows:
    terms, predicates = block.terms.to_pylist(), block.predicates
    codes = zip(block.subject, block.pair_predicate[block.pair], block.pair_object[block.pair], strict=True)
    return {(terms[s], predicates[p], terms[o]) for s, p, o in codes}


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


def check(data: str | bytes) -> TripleBlock:
    """The block as read, once it is what the full parser gives and keeps what it promises."""
    text = data.encode() if isinstance(data, str) else data
    block = read_block(as_lines(text), "x.nt")
    assert rows(block) == parsed(text)
    terms, predicates = block.terms.to_pylist(), block.predicates
    assert len(set(terms)) == len(terms)
    assert len(set(predicates)) == len(predicates)
    pairs = list(zip(block.pair_predicate.tolist(), block.pair_object.tolist(), strict=True))
    assert len(set(pairs)) == len(pairs)
    assert set(block.subject.tolist()) == set(np.flatnonzero(block.described).tolist())
    assert set(block.pair.tolist()) == set(range(len(pairs)))
    used = {*block.subject.tolist(), *block.pair_object.tolist(), *(terms.index(name) for name in predicates)}
    assert used == set(range(len(terms)))
    codes = (block.subject, block.pair, block.pair_predicate, block.pair_object)
    assert {column.dtype for column in codes} == {np.dtype(np.int32)}
    return block


def refused(data: str | bytes) -> tuple[str, int | None]:
    """The code and the line of the error of a block."""
    with pytest.raises(RecordError) as caught:
        read_block(as_lines(data.encode() if isinstance(data, str) else data), "x.nt")
    problem = caught.value.problem
    assert problem.file == "x.nt"
    return problem.code, problem.line


# -- what is read --


def test_the_table() -> None:
    block = check("<a:s> <a:p> _:n .\n<a:s> <a:q> <a:o> .\n_:n <a:q> <a:o> .\n_:n <a:q> <a:o> .\n<a:t> <a:p> <a:s> .\n")
    assert block.terms.to_pylist() == ["<a:s>", "<a:p>", "_:n", "<a:q>", "<a:o>", "<a:t>"]
    assert block.predicates == ["<a:p>", "<a:q>"]
    assert block.subject.tolist() == [0, 0, 2, 2, 5]
    assert block.pair_object[block.pair].tolist() == [2, 4, 4, 4, 0]
    assert block.recorded == 5
    assert block.described.tolist() == [True, False, True, False, False, True]


@pytest.mark.parametrize("data", ["", "\n", "\n\n", "# only a comment", "\r\n", "  \n\t\n"])
def test_no_triples(data: str) -> None:
    assert check(data).recorded == 0


@pytest.mark.parametrize("kind", [bytes, memoryview, pa.py_buffer])
def test_kinds_of_data(kind: type) -> None:
    assert rows(read_block(as_lines(kind(b"<a:s> <a:p> <a:o> .\n<a:s> <a:p> \"o o\" .")), "x.nt")) == {
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
        code, number = refused(f"{PLAIN}\n# c\n{line}\n{PLAIN}\njunk\n")
        assert code in ("syntax-error", "relative-iri")
        assert number == 3


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
    assert refused(b"<a:s> <a:p> <a:o> .\n\n%s\n" % (line % bad)) == ("not-utf8", 3)


def test_imports_are_refused() -> None:
    assert refused(f"{PLAIN}\n<a:s> <{IMPORTS}> <a:o> .\n") == ("owl-imports", 2)
    assert refused(f"{PLAIN}\n<a:s>\t<{IMPORTS}> <a:o> .\n") == ("owl-imports", 2)
    assert check(f'<a:s> <a:p> <{IMPORTS}> .\n<a:s> <a:p> "<{IMPORTS}>" .').recorded == 2


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
                read_block(as_lines(line.encode()), "x.nt")
        else:
            check(line)

"""Turtle by columns gives what the full parser gives, or leaves the text to it."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator

import pyoxigraph as ox
import pytest

from reasoner.population.ntriples.triples import Triples
from reasoner.population.ntriples.turtle_columns import directives, read_plain

PREFIXES = {"ex": "https://example.org/", "": "urn:x:", "xsd": "http://www.w3.org/2001/XMLSchema#", "e-1": "a:b#",
            "up": "https://example.org", "owl": "http://www.w3.org/2002/07/owl#"}  # fmt: skip
NAMES = ("ex:s", "ex:0a", ":x", "e-1:y_-z", "<https://example.org/s>", "<urn:x:y#z>", "ex:a.b", "_:x", "_:b0", "_:a.b",
         "ex:s1-T", "up:_x", "<https://example.org/é?q=1>")  # fmt: skip
PROPERTIES = ("a", "ex:p", ":q", "<https://example.org/p>", "a", "ex:r")
VALUES = ("1", "-0.50", "+7", ".5", "1e5", "1.e-3", "true", "false", '"x"', '"é"', '"1"^^xsd:date', '"x"@en', '""',
          '"a  b . # c, d; [e]"', '"it\'s <a:b> ."@en', '"X"@EN-gb', '"1"^^<a:b>', '"1"^^ex:d_1',
          '"y"^^xsd:string', "01")  # fmt: skip
ODD = ("ex:", ":", "ex:a:b", "ex:a%20", "ex:é", "no:x", "<rel>", "[]", "()", "( ex:a )", '"a b"', "'x'", '"""x"""', ".",
       '"x"@en--ltr', "# no", "@prefix ex: <a:> .", "PREFIX ex: <a:>", "ex:a\\/b", '"\\n"', "<<( ex:a ex:b 1 )>>", "5.",
       "owl:imports", "1.5.", '"x"^^no:y', "<a:b>c", "ex:a.", "..", "ex:.a", "ex:-a", "1.ex:a", "_:", "_:-", "{", "}",
       "is", '"', "<", "<a:\\u0041>", '"a"^^<rel>', "ex:a,", "[", "]", ";", ",", "true.", "\x00", "\u00a0", "\ufeff",
       "a", "'a \"b'", "' . # \"", "# \"\n", '"a\nb"', '"a\\" b"', '"a\tb"', '""" . "', "\n#\n", "\n  # it's \"\n",
       '"""\n# no\n"""')  # fmt: skip
FRAMES = ("ex:s ex:p {} .", "ex:s ex:p ex:o , {} , 1 .", "{} ex:p ex:o .", "ex:s {} ex:o .", "ex:s ex:p 1 .\n{}",
          "{}\nex:s ex:p 1 .", "ex:s ex:p [ ex:q {} ] .", "ex:s ex:p 1 {} .", "ex:s ex:p {} ex:q 1 .")  # fmt: skip
TORN = ("", *'.;,[]"<>#:@ab1_-^ \r\n\\{}()')
GAPS = (" ", "  ", "\n", "\t", "\r\n    ", '\n# a "comment" . it\'s\n', "\n  #\n\n")
Triple = tuple[str, str, str]


class Draw:
    """Draws texts, plain or nearly so."""

    def __init__(self, seed: int, odd: float) -> None:
        self.random, self.odd = random.Random(seed), odd

    def one(self, choices: Iterable[str]) -> str:
        return self.random.choice(ODD if self.random.random() < self.odd else tuple(choices))

    def text(self) -> str:
        return "".join(f"{self.statement()}{self.one(('.', ' .', ' .'))}{self.one(GAPS)}" for _ in range(self.size(3)))

    def size(self, most: int) -> int:
        return self.random.randint(1, most)

    def statement(self) -> str:
        return f"{self.one(NAMES)}{self.one(GAPS)}{self.properties(0)}"

    def properties(self, depth: int) -> str:
        many = (f"{self.one(PROPERTIES)}{self.one(GAPS)}{self.values(depth)}" for _ in range(self.size(3)))
        return self.one((" ; ", ";", " ;\n    ", " ;; ")).join(many) + self.one(("", "", "", " ;"))

    def values(self, depth: int) -> str:
        return self.one((" , ", ",", ",\n")).join(self.value(depth) for _ in range(self.random.choice((1, 1, 1, 2, 3))))

    def value(self, depth: int) -> str:
        if self.random.random() < 0.25 and depth < 4:
            return f"[{self.one(('', ' '))}{self.properties(depth + 1)}{self.one(('', ' '))}]"
        return self.one(VALUES + NAMES)


def rows(found: Triples) -> list[Triple]:
    nodes, predicates = found.nodes.to_pylist(), found.predicates.to_pylist()
    assert len(set(nodes)) == len(nodes)
    assert len(set(predicates)) == len(predicates)
    codes = zip(found.subject.tolist(), found.predicate.tolist(), found.object.tolist(), strict=True)
    return [(nodes[s], predicates[p], nodes[o]) for s, p, o in codes]


def canonical(quads: Iterable[ox.Quad]) -> frozenset[ox.Quad]:
    dataset = ox.Dataset(quads)
    dataset.canonicalize(ox.CanonicalizationAlgorithm.RDFC_1_0)
    return frozenset(dataset)


def as_quads(found: Triples) -> Iterator[ox.Quad]:
    return iter(ox.parse("".join(f"{s} {p} {o} .\n" for s, p, o in rows(found)), ox.RdfFormat.N_TRIPLES))


def check(text: str) -> bool:
    """Whether a text was read; if so, it was read as the full parser reads it, and left all names as they were."""
    found = read_plain(text.encode("utf-8"), PREFIXES)
    if found is None:
        return False
    parser = ox.parse(directives(PREFIXES) + text, ox.RdfFormat.TURTLE)
    try:
        quads = list(parser)
    except SyntaxError as error:
        raise AssertionError(text) from error
    assert canonical(as_quads(found)) == canonical(quads), text
    assert len(found) == len(quads)
    assert parser.prefixes == PREFIXES
    assert parser.base_iri is None
    subjects = [str(quad.subject) for quad in quads]
    if "[" not in text:
        assert found.nodes.to_pylist()[: found.subjects] == list(dict.fromkeys(subjects))
    return True


def test_plain_texts_are_read_as_by_the_full_parser() -> None:
    draw = Draw(1, odd=0)
    assert all(check(draw.text()) for _ in range(1_500))


def test_texts_that_are_nearly_plain_are_read_as_by_the_full_parser_or_left() -> None:
    draw = Draw(2, odd=0.03)
    found = [check(draw.text()) for _ in range(3_000)]
    assert 300 < sum(found) < 2_700


def test_torn_texts_are_read_as_by_the_full_parser_or_left() -> None:
    draw, found = Draw(3, odd=0), []
    for _ in range(3_000):
        text = draw.text()
        for _ in range(draw.size(2)):
            at = draw.random.randrange(len(text))
            text = text[:at] + draw.random.choice(TORN) + text[at + draw.random.randint(0, 2) :]
        found.append(check(text))
    assert 150 < sum(found) < 2_700


@pytest.mark.parametrize("odd", ODD)
def test_what_is_odd_is_never_taken_for_something_else(odd: str) -> None:
    for frame in FRAMES:
        check(frame.format(odd) + "\n")


@pytest.mark.parametrize("text", [
    "", "\n", "ex:s ex:p 1", "ex:s ex:p .", "ex:s .", "ex:s ex:p 1 , .", "ex:s ex:p 1 ] .", "ex:s ex:p [ ex:q 1 .",
    "ex:s ex:p 1 2 .", "1 ex:p 1 .", "ex:s _:p 1 .", "a ex:p 1 .", "ex:s ex:p a .", "ex:s ex:p 1 . ex:s",
    ". ex:s ex:p 1 .", "ex:s ex:p ] , [ ex:q 1 .", "ex:s owl:imports ex:o .", "ex:s ex:p 1 ; [ ex:q 1 ] .",
    "ex:s ex:p 1 [ ex:q 1 ] .", "ex:s ex:p 1 .. ex:s ex:p 1 .",
])  # fmt: skip
def test_what_is_no_plain_statement_is_left(text: str) -> None:
    assert read_plain(text.encode(), PREFIXES) is None


def test_bytes_that_are_no_text_are_left() -> None:
    assert read_plain(b'ex:s ex:p "\xe9" .\n', PREFIXES) is None
    assert read_plain(b"ex:s ex:p ex:\xe9 .\n", PREFIXES) is None
    assert read_plain(b"ex:s ex:p ex:e .\n# \xe9\n", PREFIXES) is None


def test_nodes_in_brackets_are_named_apart() -> None:
    found = read_plain(b"ex:s ex:p [ ex:q _:b0 , [ ex:r _:bb1 ] ] , [ ex:q 1 ] .\n", PREFIXES)
    assert found
    blank = {node for row in rows(found) for node in row if node.startswith("_:")}
    assert len(blank) == 5

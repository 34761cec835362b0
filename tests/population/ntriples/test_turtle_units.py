"""Turtle that is cut gives what the whole file gives, wherever the cuts lie; else it is read as a whole, or refused."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from pathlib import Path

import pyoxigraph as ox
import pytest
from rdflib import RDF, BNode, Graph, URIRef
from rdflib.term import Node
from test_batch import SN, Row, as_lines, batch, shipped, write

from reasoner.errors import RecordError
from reasoner.guideline.guideline import Guideline
from reasoner.population.ntriples import triple_sources
from reasoner.population.ntriples.turtle_units import Turtle, UncutError, cut
from reasoner.rdf import read_graph
from reasoner.terms import GP

__all__ = ["shipped"]
pytestmark = pytest.mark.usefixtures("no_disk")

PREFIXES = {"gp": str(GP), "sn": SN, "ex": "https://example.org/", "rdfs": "http://www.w3.org/2000/01/rdf-schema#"}
HEADER = "".join(f"@prefix {prefix}: <{iri}> .\n" for prefix, iri in PREFIXES.items())
PATIENT = "ex:{0} a gp:Patient ; gp:hasFinding [ a sn:Fever ] ; gp:lacksFinding sn:ModicChange .\n"
Answers = tuple[dict[str, Row], set[tuple[object, object]]]


# -- layouts --


def nested(graph: Graph, end: str = " .\n") -> str:
    """As a hand writes it: a patient a sentence over several lines, its nodes within, where nothing else names them."""
    text = []
    for subject in sorted(set(graph.subjects()), key=lambda node: ((node, RDF.type, GP.Patient) not in graph, node)):
        if not isinstance(subject, BNode) or len(list(graph.subjects(None, subject))) != 1:
            text.append(f"{_term(subject)} {_about(graph, subject, 1)}{end}")
    return "\n".join(text)


def _about(graph: Graph, node: Node, depth: int) -> str:
    gap = " ;\n" + "    " * depth
    return gap.join(f"{_term(p)} {_object(graph, o, depth)}" for p, o in sorted(graph.predicate_objects(node)))


def _object(graph: Graph, node: Node, depth: int) -> str:
    if isinstance(node, BNode) and len(list(graph.subjects(None, node))) == 1:
        return f"[\n{'    ' * depth}{_about(graph, node, depth + 1)} ]"
    return _term(node)


def _term(node: Node) -> str:
    for prefix, iri in PREFIXES.items():
        if isinstance(node, URIRef) and (local := node.removeprefix(iri)).isalnum():
            return f"{prefix}:{local}"
    return node.n3()


def by_hand(graphs: Iterable[Graph]) -> str:
    return HEADER + "\n" + "\n".join(f"# a patient.\n{nested(graph)}" for graph in graphs)


def one_a_line(graphs: Iterable[Graph]) -> str:
    return "".join(f"{line}\n" for graph in graphs for line in sorted(as_lines([graph])))


def by_pyoxigraph(graphs: Iterable[Graph]) -> str:
    quads = ox.parse(one_a_line(graphs), ox.RdfFormat.N_TRIPLES)
    written = ox.serialize((quad.triple for quad in quads), format=ox.RdfFormat.TURTLE, prefixes=PREFIXES)
    assert written
    return written.decode()


def by_rdflib(graphs: Iterable[Graph]) -> str:
    whole = Graph()
    for graph in graphs:
        whole += graph
    return whole.serialize(format="turtle")


LAYOUTS: dict[str, Callable[[Iterable[Graph]], str]] = {
    "hand": by_hand,
    "lines": one_a_line,
    "pyoxigraph": by_pyoxigraph,
    "rdflib": by_rdflib,
    "crlf": lambda graphs: by_hand(graphs).replace("\n", "\r\n"),
    "bom": lambda graphs: "\ufeff" + by_hand(graphs),
}


@pytest.fixture(scope="module")
def uncut(guideline: Guideline, shipped: list[Graph], tmp_path_factory: pytest.TempPathFactory) -> Answers:
    """The answers for the same records in N-Triples, in one unit."""
    path = tmp_path_factory.mktemp("uncut") / "cases.nt"
    write(path, as_lines(shipped))
    return answers(guideline, path)


def answers(guideline: Guideline, path: Path) -> Answers:
    """What the other columns say follows from the same facts; a hundred little parts are joined sooner without them."""
    rows, rejects = batch(guideline, path, only=("management", "status"))
    return rows, {(reject["patient"], reject["code"]) for reject in rejects}


def never(*_: object) -> None:
    raise AssertionError("this is not to be called")


# -- the same answers --


@pytest.mark.parametrize(("layout", "suffix", "sizes"), [*((layout, "ttl", (2_000, 20_000)) for layout in LAYOUTS),
                                                         ("hand", "trig", (3_000,))])  # fmt: skip
def test_every_layout_cut_anywhere_gives_the_same(
    guideline: Guideline, shipped: list[Graph], uncut: Answers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    layout: str, suffix: str, sizes: tuple[int, ...],
) -> None:  # fmt: skip
    path = tmp_path / f"cases.{suffix}"
    path.write_bytes(LAYOUTS[layout](shipped).encode())
    # In these layouts the nodes of a patient follow it, so that no piece lacks any.
    monkeypatch.setattr(triple_sources, "_written", never)
    for size in sizes:
        monkeypatch.setattr(triple_sources, "BYTES", size * triple_sources._LONGER)
        turtle = cut(path, size)
        assert turtle
        assert len(turtle.pieces) > 40_000 // size
        assert answers(guideline, path) == uncut


def test_two_runs_give_the_same_bytes(
    guideline: Guideline, shipped: list[Graph], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(triple_sources, "BYTES", 20_000)
    path = tmp_path / "cases.ttl"
    path.write_text(by_hand(shipped))
    found = set()
    for _ in range(2):
        batch(guideline, path)
        found.add((tmp_path / "cases.ttl.out.parquet").read_bytes())
    assert len(found) == 1


# -- what a cut could tear --


def whole(guideline: Guideline, path: Path, monkeypatch: pytest.MonkeyPatch) -> Answers:
    """The answers for a file that is not cut."""
    with monkeypatch.context() as context:
        context.setattr(triple_sources, "cut", lambda *_: None)
        context.setattr(triple_sources, "BYTES", 1 << 24)
        return answers(guideline, path)


PATIENTS = [PATIENT.format(number) for number in range(60)]
REST = "".join(PATIENTS[30:])
FEVER = "ex:x a gp:Patient ; gp:hasFinding [ a sn:Fever ] .\n"
NODE = "ex:{0} a gp:Patient ; gp:hasFinding ex:f ;\n gp:lacksFinding sn:BackPain .\nex:f a sn:Fever .\n"
ODD = {
    "a string that looks like a patient": 'ex:0 rdfs:comment """\nex:98 a sn:Fever .\n' + FEVER + 'ex:99 ex:p """ .\n',
    "a string with other quotes": "ex:0 rdfs:comment '''\"\"\"\nex:98 ex:p 1 .\n" + FEVER + "ex:97 ex:p ''' .\n",
    "a comment that looks like a patient": "".join(f"# {line}\n" for line in FEVER.splitlines()),
    "a name with another meaning": "@prefix sn: <https://example.org/other#> .\n" + FEVER.replace("sn:", "gp:"),
    "another name": "PREFIX fever: <" + SN + ">\n" + FEVER.replace("sn:", "fever:"),
    "a name with another meaning for a while": "prefix gp: <a:>\nprefix gp: <" + str(GP) + ">\n" + FEVER,
    "a base": "base <https://example.org/y>\n" + FEVER.replace("ex:x", "<x>"),
    "a node of two places": "ex:x a gp:Patient ; gp:hasFinding _:far .\n" + REST + "_:far a sn:Fever .\n",
    "a patient told of in two places": FEVER + REST + "ex:x gp:lacksFinding sn:ModicChange .\n",
    "a patient typed in two places": FEVER + REST + FEVER,
    "a patient with a word in another place": FEVER + REST + "ex:x gp:bears sn:ModicChange .\n",
    "a node of two patients": f"{NODE.format('x')}{REST}{NODE.format('y')}",
    "a labelled node of two patients": f"{NODE.format('x')}{REST}{NODE.format('y')}".replace("ex:f ", "_:b0 "),
    "nodes first": "_:f a sn:Fever .\nex:x a gp:Patient ; gp:hasFinding _:f .\n",
}  # fmt: skip


@pytest.mark.parametrize("odd", ODD.values(), ids=ODD.keys())
def test_what_cannot_be_cut_is_read_as_a_whole(
    guideline: Guideline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, odd: str
) -> None:
    path = tmp_path / "odd.ttl"
    path.write_text(HEADER + "".join(PATIENTS[:30]) + odd
                    + "".join(PATIENTS[30 if "ex:59" not in odd else 60 :]))  # fmt: skip
    wanted = whole(guideline, path, monkeypatch)
    for size in (60, 700):
        monkeypatch.setattr(triple_sources, "BYTES", size * triple_sources._LONGER)
        turtle = cut(path, size)
        assert turtle
        assert len(turtle.pieces) > 3
        assert answers(guideline, path) == wanted


def test_labels_of_two_files_are_two(guideline: Guideline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(triple_sources, "BYTES", 1_000)
    monkeypatch.setattr(triple_sources, "_written", never)
    folder = tmp_path / "records"
    folder.mkdir()
    for number, finding in enumerate(("Fever", "BackPain")):
        text = HEADER + "".join(
            f"ex:{number}-{i} a gp:Patient ; gp:hasFinding _:f{i} .\n_:f{i} a sn:{finding} .\n" for i in range(40)
        )
        (folder / f"{number}.ttl").write_text(text)
    rows, rejects = batch(guideline, folder)
    assert not rejects
    for name, row in rows.items():
        of_first = name.startswith("https://example.org/0-")
        assert (row["sn:RedFlagPatient"] is True) == of_first
        assert (row["sn:BackPainPatient"] is True) == (not of_first)
    assert len(rows) == 80


# -- the argument: a piece that is whole by itself, at any line end --

SENTENCES = (
    'ex:s ex:p "a # b ." , \'<x> .\', "\\"" .\n', "ex:s ex:p 1.\n", "ex:s ex:p 1.5e3 , -.5, +1.0 .\n",
    'ex:s ex:p """\nex:t ex:p 1 .\n""" .\n', "ex:s ex:p '''\n\n\"\"\" .\n''' .\n", "# ex:t ex:p 1 .\n", "\n",
    'ex:s ex:p """ .\n', '""" .\n', "ex:s ex:p [ ex:q ( 1 2.0 [ ex:r _:x ]\n ) ] ;\n ex:q 1 ;;\n .\n",
    "_:x ex:p _:y .\n", "[] ex:p [] .\n", "[ ex:p 1 ] .\n", "( 1 2 ) ex:p () .\n", "ex:a.b ex:p.q ex:c.\n",
    "@prefix ex: <https://example.org/> .\n", "@prefix ex: <https://example.org/2#> .\n", "PREFIX new: <a:>\n",
    "base <https://example.org/b/c>\n", "<d> ex:p <#e> .\n", "new:a ex:p new:b .\n", "ex:s ex:p ex:o ;\n", ".\n",
    "ex:s\n", "ex:p\n", "ex:o .\n", 'ex:s ex:p "1"@en--ltr .\n', "ex:s ex:p \"\u00e9\u2028\" .\r\n", "ex:s ex:p '''\n",
)  # fmt: skip


def canonical(parts: Iterable[bytes]) -> frozenset[ox.Quad]:
    dataset = ox.Dataset(quad for part in parts for quad in ox.parse(part, ox.RdfFormat.N_TRIPLES))
    dataset.canonicalize(ox.CanonicalizationAlgorithm.RDFC_1_0)
    return frozenset(dataset)


def test_pieces_that_are_whole_by_themselves_give_the_whole(tmp_path: Path) -> None:
    rng, path, torn, equal = random.Random(5), tmp_path / "random.ttl", 0, 0
    for _ in range(2_000):
        first = rng.choice(("ex:s ex:p ex:o .\n", "# none\nex:s a ex:C .\n"))
        chosen = [HEADER, first, *(rng.choice(SENTENCES) for _ in range(rng.randint(2, 6)))]
        text = "".join(chosen).encode()
        path.write_bytes(text)
        ends = [i + 1 for i, byte in enumerate(text) if byte == ord("\n")]
        inner = sorted(rng.sample(ends[5:-1], min(len(ends) - 6, rng.randint(1, 3))))
        turtle = Turtle(path, PREFIXES, None, (0, *inner, len(text)))
        try:
            parts = [
                turtle.ntriples(text[a:b] if not a else turtle.header.encode() + text[a:b]) for a, b in turtle.pieces
            ]
        except UncutError:
            torn += 1
            continue
        assert canonical(parts) == canonical([ox.serialize(ox.parse(text, ox.RdfFormat.TURTLE),
                                                           format=ox.RdfFormat.N_TRIPLES) or b""]), text  # fmt: skip
        equal += 1
    assert torn > 300
    assert equal > 100


# -- errors --

WRONG = {
    "syntax": "ex:x a gp:Patient ;; gp:hasFinding sn:Fever\n",
    "unfinished string": 'ex:x a gp:Patient ; rdfs:label """\n',
    "prefix": "ex:x a gp:Patient ; nope:p 1 .\n",
    "relative": "<x> a gp:Patient .\n",
    "statement of a statement": "ex:x a gp:Patient ; ex:p <<( ex:a ex:b ex:c )>> .\n",
    "direction": 'ex:x a gp:Patient ; ex:p "a"@en--ltr .\n',
    "imports": "ex:x a gp:Patient .\nex:y <http://www.w3.org/2002/07/owl#imports> ex:z .\n",
    "n3": "{ ex:x a gp:Patient } => { ex:x a gp:Patient } .\n",
    "open list": "ex:x a gp:Patient ; gp:hasFinding [ a sn:Fever .\n",
    "encoding": "# \udce9 \n" + FEVER,
    "encoding of a string": 'ex:x a gp:Patient ; ex:p "\udce9" .\n',
    "two mistakes": "ex:x <http://www.w3.org/2002/07/owl#imports> ex:z .\nex:x a .\n",
}


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG.keys())
@pytest.mark.parametrize("at", [0, 35, 60])
def test_errors_are_those_of_the_whole_file(
    guideline: Guideline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wrong: str, at: int
) -> None:
    monkeypatch.setattr(triple_sources, "BYTES", 1_000)
    path = tmp_path / "wrong.ttl"
    text = HEADER + "".join(PATIENTS[:at]) + wrong + "".join(PATIENTS[at:])
    path.write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(RecordError) as expected:
        read_graph(path)
    with pytest.raises(RecordError) as found:
        batch(guideline, path)
    assert found.value.problem == expected.value.problem
    assert not (tmp_path / "wrong.ttl.out.parquet").exists()

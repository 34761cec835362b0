"""Each door, with thousands of broken inputs: an answer or a coded error for each, and never a connection.

How many: GUIDEPROOF_FUZZ in the normal run, GUIDEPROOF_FUZZ_LONG in the exhaustive one, over all doors; the seed is
GUIDEPROOF_FUZZ_SEED.
"""

from __future__ import annotations

import json
import os
import random
import sys
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

import polars as pl
import pyoxigraph as ox
import pytest

import reasoner
from faults.outcomes import GP, PREFIXES, TINY, copied
from reasoner.patient.query import ask, binding
from reasoner.population.batch import BatchOptions, run_batch

SEED = int(os.environ.get("GUIDEPROOF_FUZZ_SEED", "20261122"))
NORMAL = int(os.environ.get("GUIDEPROOF_FUZZ", "300"))
LONG = int(os.environ.get("GUIDEPROOF_FUZZ_LONG", "100000"))
AS_OF = date(2026, 11, 22)

SYNTAXES = ("ttl", "nt", "trig", "rdf", "jsonld")
TYPE = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"
POT = "https://example.org/pot#"
TRIPLES = (
    f"<https://example.org/p> <{TYPE}> <{GP}Patient> .\n"
    f"<https://example.org/p> <{GP}lacksFinding> <{POT}SoggySoil> .\n"
    f'<https://example.org/p> <{POT}dryDays> "6.0"^^<http://www.w3.org/2001/XMLSchema#decimal> .\n'
)
RECORDS = {
    "ttl": PREFIXES + "ex:p a gp:Patient ; gp:hasFinding [ a pot:SoggySoil ] ; pot:dryDays 6.0 .\n",
    "trig": PREFIXES + "ex:p a gp:Patient ; gp:lacksFinding pot:SoggySoil ; pot:dryDays 6.0 .\n",
    "nt": TRIPLES,
    "rdf": f'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:gp="{GP}" xmlns:pot="{POT}">'
    '<gp:Patient rdf:about="https://example.org/p"><gp:hasFinding><pot:SoggySoil/></gp:hasFinding></gp:Patient></rdf:RDF>',
    "jsonld": json.dumps(
        {"@context": {"gp": GP, "pot": POT}, "@id": "https://example.org/p", "@type": "gp:Patient",
         "gp:hasFinding": {"@type": "pot:SoggySoil"}, "pot:dryDays": 6}
    ),
}  # fmt: skip
#: What is put into an input: what some reader takes for more than a character.
PIECES = (
    b"\x00", b"\xff", b"\xef\xbb\xbf", b"\xed\xa0\x80", b"<", b">", b'"', b"'", b"[", b"]", b"{", b"}", b"(", b")", b"@",  # noqa: E501
    b"\\", b"\\u0000", b"\\uD800", b"\\n", b"^^", b"_:", b"#", b"&amp;", b"&x;", b"<!DOCTYPE x>", b"-1", b"1e999", b"null",  # noqa: E501
    b"@base <http://127.0.0.1:9/> .", b'"@context": "http://127.0.0.1:9/c"', b"<http://127.0.0.1:9/>", b"a", b" ", b"\r",  # noqa: E501
)  # fmt: skip


@pytest.fixture(autouse=True)
def connections() -> list[str]:
    """The connections that are tried while a test runs; an audit hook stays for good, so it asks who listens."""
    tried: list[str] = []
    _listening[:] = [tried]
    return tried


_listening: list[list[str]] = []


def _hear(event: str, _: tuple[object, ...]) -> None:
    if _listening and event in ("socket.connect", "socket.getaddrinfo", "urllib.Request"):
        _listening[0].append(event)


sys.addaudithook(_hear)


def broken(random_: random.Random, content: bytes) -> bytes:
    """The content after one to six edits."""
    changed = bytearray(content)
    for _ in range(random_.randint(1, 6)):
        at, length = random_.randrange(len(changed) + 1), random_.randint(0, 12)
        how = random_.randrange(5)
        if how == 0:
            changed[at : at + length] = b""
        elif how == 1:
            changed[at:at] = random_.choice(PIECES)
        elif how == 2:
            changed[at : at + 1] = bytes([random_.randrange(256)])
        elif how == 3:
            other = random_.randrange(len(changed) + 1)
            changed[at:at] = changed[other : other + 8 * length]
        else:
            del changed[max(at, len(changed) - 40) :]
    return bytes(changed)


def fate(call: Callable[[], object]) -> str:
    """Empty for an answer or a coded error of the input; else what came instead."""
    try:
        call()
    except reasoner.GuideproofError as error:
        return "" if error.exit_code != 3 and all(problem.code for problem in error.problems) else repr(error)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return ""


Door = Callable[[Path, random.Random], tuple[bytes, Callable[[], object]]]


def records(syntax: str) -> Door:
    """Classify a record of that syntax."""
    guideline = None

    def door(root: Path, random_: random.Random) -> tuple[bytes, Callable[[], object]]:
        nonlocal guideline
        guideline = guideline or reasoner.load_guideline(TINY)
        content = broken(random_, RECORDS[syntax].encode())
        path = root / f"p.{syntax}"
        path.write_bytes(content)
        return content, lambda: reasoner.classify_files(guideline, [path], AS_OF)

    return door


def guidelines(file: str) -> Door:
    """Load a guideline of which one file is broken, and classify by it."""

    def door(root: Path, random_: random.Random) -> tuple[bytes, Callable[[], object]]:
        if not (root / "ontology").exists():
            copied(root, TINY)
        content = broken(random_, (TINY / file).read_bytes())
        (root / file).write_bytes(content)
        record = TINY / "records" / "dry.ttl"
        return content, lambda: reasoner.classify_files(reasoner.load_guideline(root, cache=False), [record], AS_OF)

    return door


def caches(_: Path, random_: random.Random) -> tuple[bytes, Callable[[], object]]:
    """Load a guideline whose cached content is broken: it is made anew."""
    reasoner.load_guideline(TINY)
    cache = Path(os.environ["GUIDEPROOF_CACHE"])
    path = random_.choice(sorted(one for one in cache.rglob("*") if one.is_file()))
    content = broken(random_, path.read_bytes())
    path.write_bytes(content)
    return content, lambda: reasoner.classify_files(
        reasoner.load_guideline(TINY), [TINY / "records" / "dry.ttl"], AS_OF
    )


FACTS = b"patient,pot:SoggySoil,pot:dryDays\nhttps://example.org/p,true,6.5\nex:q,no,\n"


def tables(suffix: str) -> Door:
    """Decide for the rows of a fact table of that format."""
    guideline = None

    def door(root: Path, random_: random.Random) -> tuple[bytes, Callable[[], object]]:
        nonlocal guideline
        guideline = guideline or reasoner.load_guideline(TINY)
        path, out = root / f"facts.{suffix}", root / "answers.csv"
        frame = pl.read_csv(FACTS, schema_overrides={"pot:SoggySoil": pl.String})
        {"csv": frame.write_csv, "parquet": frame.write_parquet, "arrow": frame.write_ipc}[suffix](path)
        content = broken(random_, path.read_bytes())
        path.write_bytes(content)
        return content, lambda: run_batch(guideline, path, out, BatchOptions(AS_OF, "csv", workers=1))

    return door


QUERY = (
    "# Parameters: ?patient – the patient\nPREFIX gp: <https://w3id.org/guideproof/core#>\n"
    "SELECT ?patient (COUNT(?o) AS ?n) WHERE { ?patient a gp:Patient ; ?p ?o . OPTIONAL { ?o ?q ?x FILTER(?x > 1) } }\n"
    "GROUP BY ?patient HAVING (COUNT(?o) > 0) ORDER BY ?patient LIMIT 10\n"
)
BINDINGS = ("patient=<https://example.org/p>", "patient=ex:p", "patient=1.5e3", 'patient="a"', "patient=true")


def queries(_: Path, random_: random.Random) -> tuple[bytes, Callable[[], object]]:
    """Ask a query that is broken, with a broken binding, of a few triples."""
    content = broken(random_, QUERY.encode())
    bound = broken(random_, random_.choice(BINDINGS).encode()) if random_.random() < 0.3 else b"patient=ex:p"
    store, prefixes = ox.Store(), {"ex": "https://example.org/", "gp": GP}
    store.load(TRIPLES.encode(), format=ox.RdfFormat.N_TRIPLES)

    def asked() -> object:
        name, term = binding(bound.decode(errors="surrogateescape"), prefixes)
        found = ask(store, content.decode(errors="replace"), {name: term}, prefixes)
        return found if isinstance(found, ox.QueryBoolean) else list(found)

    return content, asked


#: The doors, and the part of the inputs that each gets: a guideline takes a hundred times what a record takes.
DOORS: dict[str, tuple[Door, float]] = {
    **{syntax: (records(syntax), 0.14) for syntax in SYNTAXES},
    **{suffix: (tables(suffix), 0.02) for suffix in ("csv", "parquet", "arrow")},
    "query": (queries, 0.14),
    "ontology": (guidelines("ontology/plant.ttl"), 0.04),
    "shapes": (guidelines("shapes/record.ttl"), 0.04),
    "cache": (caches, 0.02),
}


def tried(door: str, root: Path, number: int) -> list[str]:
    """The inputs of a door that end in neither an answer nor a coded error."""
    random_ = random.Random(f"{SEED} {door}")
    wrong, slowest = [], (0.0, b"")
    for _ in range(max(number, 1)):
        content, call = DOORS[door][0](root, random_)
        began = time.process_time()
        if what := fate(call):
            wrong.append(f"{what[:200]} for {content!r}")
        slowest = max(slowest, (time.process_time() - began, content))
    print(f"{door}: {max(number, 1):,} inputs, the slowest took {slowest[0]:.2f} s: {slowest[1]!r}")
    return wrong


@pytest.mark.parametrize("door", DOORS)
def test_an_answer_or_a_coded_error(
    door: str, tmp_path: Path, connections: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GUIDEPROOF_CACHE", str(tmp_path / "cache"))
    assert tried(door, tmp_path, int(NORMAL * DOORS[door][1])) == []
    assert connections == []


@pytest.mark.exhaustive
@pytest.mark.parametrize("door", DOORS)
def test_many_answers_or_coded_errors(
    door: str, tmp_path: Path, connections: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GUIDEPROOF_CACHE", str(tmp_path / "cache"))
    assert tried(door, tmp_path, int(LONG * DOORS[door][1])) == []
    assert connections == []

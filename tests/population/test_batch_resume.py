"""A batch that is killed, again and again, and given once more ends in the bytes of a run that nobody disturbed."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pyoxigraph as ox
import pytest
from broken_records import CORE, SN, TYPE

DRIVER = """
import sys
from datetime import date
from pathlib import Path
from reasoner.population.ntriples import triple_sources
from reasoner.population.fact_table import files as table_sources
from reasoner.population.batch import _CUT, BatchOptions, format_of, run_batch
from reasoner.guideline.guideline import load_guideline
if __name__ == "__main__":
    given, out = map(Path, sys.argv[1:])
    format = format_of(str(out), None)
    table_sources.ROWS, triple_sources.BYTES = 100 * (_CUT if format == "n-quads" else 1), 6_000
    run_batch(load_guideline(), given, out, BatchOptions(date(2026, 11, 22), format, workers=2))
"""
FINDINGS = ("Fever", "BackPain", "LocalizedBackPain", "ModicChange", "RadicularSymptom", "MarrowEdemaOnMri", "Fevr")


def run(given: Path, out: Path, own_cache: Path) -> subprocess.Popen[str]:
    code = [sys.executable, "-c", DRIVER, str(given), str(out)]
    environment = os.environ | {"GUIDEPROOF_CACHE": str(own_cache), "PYTHONPATH": str(Path(__file__).parents[2])}
    return subprocess.Popen(code, env=environment, stderr=subprocess.PIPE, text=True)


def finish(given: Path, out: Path, own_cache: Path) -> str:
    process = run(given, out, own_cache)
    said = process.communicate()[1]
    assert process.returncode == 0, said
    return said


def sealed(out: Path) -> int:
    return len(list(out.with_name(f".{out.name}.work").glob("*.seal")))


def kill(given: Path, out: Path, own_cache: Path, more: int) -> bool:
    """Kill a run as soon as so many more parts are finished; whether it was killed before it ended."""
    process, before = run(given, out, own_cache), sealed(out)
    while process.poll() is None and sealed(out) < before + more:
        time.sleep(0.001)
    process.kill()
    process.communicate()
    return process.returncode != 0


# -- inputs --


def record(number: int, rng: random.Random, blank: bool) -> list[str]:
    """A patient with some findings, one in thirty with a slip, in N-Triples."""
    who, lines = f"<https://example.org/p{number}>", []
    for place, cls in enumerate(rng.sample(FINDINGS[: 7 if number % 30 == 0 else 6], rng.randint(0, 3))):
        node = f"_:n{number}x{place}" if blank else f"<https://example.org/p{number}/{place}>"
        lines += [f"{who} <{CORE}hasFinding> {node} .", f"{node} {TYPE} <{SN}{cls}> ."]
    return [f"{who} {TYPE} <{CORE}Patient> .", *lines]


def lines(first: int, stop: int, *, blank: bool = True, shuffled: bool = False) -> str:
    rng = random.Random(first)
    found = [line for number in range(first, stop) for line in record(number, rng, blank)]
    if shuffled:
        rng.shuffle(found)
    return "\n".join([*found, ""])


def parquet(folder: Path) -> Path:
    rng, rows = random.Random(1), range(6_000)
    table = pa.table({
        "patient": [f"https://example.org/p{row}" for row in rows],
        "sn:Fever": pa.array([rng.choice((True, False, None)) for _ in rows]),
        "sn:conservativeTherapyWeeks": pa.array([rng.choice((None, 3.0, 7.5, -1.0)) for _ in rows]),
    })  # fmt: skip
    pq.write_table(table, folder / "table.parquet", row_group_size=130)
    return folder / "table.parquet"


def grouped(folder: Path) -> Path:
    (folder / "grouped.nt").write_text(lines(0, 400), encoding="utf-8")
    return folder / "grouped.nt"


def directory(folder: Path) -> Path:
    """Two files whose patients stand together, and one where they do not."""
    given = folder / "given"
    given.mkdir()
    for name, first, shuffled in (("a", 0, False), ("b", 150, True), ("c", 300, False)):
        (given / f"{name}.nt").write_text(lines(first, first + 150, blank=False, shuffled=shuffled), encoding="utf-8")
    return given


def turtle(folder: Path) -> Path:
    """Blank nodes without labels of their own, which the parser draws at random."""
    text = lines(0, 300, blank=False, shuffled=True)
    quads = list(ox.parse(text.encode(), ox.RdfFormat.N_TRIPLES))
    written = ox.serialize(quads, format=ox.RdfFormat.TURTLE) or b""
    more = "\n".join(
        f"<https://example.org/q{i}> a <{CORE}Patient> ; <{CORE}hasFinding> [ a <{SN}Fever> ] ." for i in range(99)
    )
    stray = "\n".join(f"[] a <{SN}{name}> ." for name in FINDINGS)
    (folder / "blank.ttl").write_bytes(written + f"\n{more}\n{stray}\n".encode())
    return folder / "blank.ttl"


@pytest.mark.parametrize(
    "make, kills",
    [
        (parquet, 2),
        (directory, 2),
        *(pytest.param(make, 2, marks=pytest.mark.exhaustive) for make in (grouped, turtle)),
    ],
)
def test_killed_and_resumed(make: object, kills: int, tmp_path: Path, own_cache: Path) -> None:
    given, rng, killed = make(tmp_path), random.Random(kills), 0  # type: ignore[operator]
    undisturbed, out = tmp_path / "undisturbed", tmp_path / "out"
    finish(given, undisturbed, own_cache)
    assert len(list(undisturbed.glob("*.parquet"))) > 12
    while killed < kills:
        killed += kill(given, out, own_cache, rng.randint(0, 3))
        shutil.rmtree(out, ignore_errors=True)  # where the run was faster than the kill
    done = sealed(out)
    said = finish(given, out, own_cache)
    assert f"going on: {done} parts" in said or not done
    assert answers(out) == answers(undisturbed)
    rejects = [path.with_name(f"{path.name}.rejects.csv").read_bytes() for path in (undisturbed, out)]
    assert rejects[0] == rejects[1]
    assert rejects[0].count(b"\n") > 3
    assert b"_:" not in rejects[0]
    assert not out.with_name(f".{out.name}.work").exists()


def answers(folder: Path) -> dict[str, bytes]:
    """The parts of a directory; its manifest is the same too."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_quads_of_several_processes_leave_nothing_where_they_are_killed(tmp_path: Path, own_cache: Path) -> None:
    given, out = tmp_path / "table.parquet", tmp_path / "out.nq"
    pq.write_table(pq.read_table(parquet(tmp_path)).slice(0, 600), given)
    finish(given, tmp_path / "undisturbed.nq", own_cache)
    process, work = run(given, out, own_cache), tmp_path / ".out.nq.work"
    while process.poll() is None and not list(work.glob("*.names")):
        time.sleep(0.001)
    process.kill()
    process.communicate()
    assert not out.exists()
    finish(given, out, own_cache)
    assert out.read_bytes() == (tmp_path / "undisturbed.nq").read_bytes()
    assert sorted(path.name for path in tmp_path.glob(".*")) == []


@pytest.mark.parametrize(
    "suffix", ["ttl", *(pytest.param(name, marks=pytest.mark.exhaustive) for name in ("rdf", "jsonld"))]
)
def test_labels_drawn_at_random_do_not_show(tmp_path: Path, own_cache: Path, suffix: str) -> None:
    kind = {"ttl": ox.RdfFormat.TURTLE, "rdf": ox.RdfFormat.RDF_XML, "jsonld": ox.RdfFormat.JSON_LD}[suffix]
    text = lines(0, 150, shuffled=True) + f"_:lost {TYPE} <{SN}Fever> .\n_:patient {TYPE} <{CORE}Patient> .\n"
    given = tmp_path / f"records.{suffix}"
    given.write_bytes(ox.serialize(list(ox.parse(text.encode(), ox.RdfFormat.N_TRIPLES)), format=kind) or b"")
    found = []
    for number in range(3):
        out = tmp_path / f"{number}.parquet"
        finish(given, out, own_cache)
        found.append((out.read_bytes(), out.with_name(f"{out.name}.rejects.csv").read_bytes()))
    assert found[0] == found[1] == found[2]
    assert b"patient-without-iri" in found[0][1]
    assert b"dangling-node" in found[0][1]

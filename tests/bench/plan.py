"""What is measured, and on how many patients: groups of tasks over one file, run in turn.

A slow peer has fewer patients, and a group of its own in which ours runs over the same file. The patients of a smaller
file are the first of a larger one, so that answers compare across groups.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from pathlib import Path

from dataset import FOLDER, build
from measure import ROOT, Task, ours, peer

DAY = "2026-11-22"
EXAMPLE = str(ROOT / "docs" / "examples" / "patient.ttl")
BATCH = "guideproof batch"
MANAGEMENT = f"{BATCH} --only management"
COPY = "floors.arrow_copy"
FEW = "floors.arrow_few"
WARMING = 5_000
BARE = "python and pyoxigraph's parse"
CLASSIFY = "guideproof classify"
HERMIT = f"{CLASSIFY} --engine hermit"


@dataclass(frozen=True)
class Sizes:
    """How many patients each group has, and each check of `same.py`; and how often a task runs."""

    columns: int
    triples: int
    turtle: int
    sparql: int
    nemo: int
    shacl: int
    hermit: int
    sample: int
    one: int
    linear: tuple[int, ...]
    same: tuple[tuple[str, int], ...]
    runs: int = 3


FULL = Sizes(10_000_000, 1_000_000, 200_000, 20_000, 50_000, 300, 100, 2_000, 200, (10_000, 100_000, 1_000_000),
             (("records", 20_000), ("spark", 200_000), ("killed", 20)))  # fmt: skip
QUICK = Sizes(1_000_000, 100_000, 20_000, 4_000, 10_000, 100, 20, 500, 200, (10_000, 100_000),
              (("records", 1_000), ("spark", 20_000), ("killed", 4)))  # fmt: skip


@dataclass(frozen=True)
class Group:
    """Tasks over one file of so many patients, and what the group shows."""

    name: str
    title: str
    patients: int
    tasks: tuple[Task, ...]


def groups(sizes: Sizes) -> list[Group]:
    """All groups, their data built."""
    slow = (
        ("nemo", "with Nemo", sizes.nemo, "nemo.exact"),
        ("sparql", "with SPARQL", sizes.sparql, "sparql.exact"),
        ("shacl", "with pySHACL, which only validates", sizes.shacl, "shacl.contract"),
        ("hermit", "with HermiT", sizes.hermit, "hermit.exact"),
        ("sample", "with `classify`, the reference of agreement", sizes.sample, "ours.classified"),
    )
    columns = build("table", sizes.columns)
    triples, turtle = build("ntriples", sizes.triples), build("turtle", sizes.turtle)
    mixed = build("mixed", sizes.turtle)
    return [
        _columns(sizes.columns, columns),
        _group("triples", "N-Triples", sizes.triples, triples, "floors.oxigraph"),
        _group("turtle", "Turtle", sizes.turtle, turtle, "floors.oxigraph"),
        _group("rdfxml", "RDF/XML", sizes.turtle, build("rdfxml", sizes.turtle), "floors.oxigraph"),
        _group("jsonld", "JSON-LD", sizes.turtle, build("jsonld", sizes.turtle), "floors.oxigraph"),
        _group("mixed", "N-Triples: 1 % with dates, 5 % with orders, 0.1 % broken", sizes.turtle, mixed,
               "floors.oxigraph"),
        *(_group(name, f"N-Triples, {what}", n, build("ntriples", n), task) for name, what, n, task in slow),
        *(_group(f"linear {n}", "Parquet to Parquet, ours alone", n, build("table", n)) for n in sizes.linear),
        _reasons(sizes),
        _one(sizes.one),
        _dated(sizes.one),
        _cold(),
        _file(),
    ]  # fmt: skip


def answers(group: str, task: str) -> Path:
    """Where a task writes its answers."""
    return FOLDER / "answers" / f"{group}-{task.replace('guideproof ', '').replace(' ', '-')}.parquet"


def _group(name: str, title: str, patients: int, source: Path, *peers: str) -> Group:
    """Ours at the command line, then peers, over one file."""
    out = answers(name, BATCH)
    batch = ours(BATCH, patients, "batch", str(source), str(out), "--as-of", DAY, out=out, rejects=name == "mixed")
    return Group(name, title, patients, (batch, *(peer(task, source, answers(name, task)) for task in peers)))


def _columns(patients: int, source: Path) -> Group:
    """All columns against floors, and those of the management classes against others who write no more."""
    peers = (
        "floors.arrow_read", COPY, FEW, "polars.copied", "ours.kernel", "polars.alone", "polars.exact", "polars.kleene",
        "duckdb.exact",
    )  # fmt: skip
    group = _group("columns", "Parquet to Parquet", patients, source, *peers)
    out = answers("columns", MANAGEMENT)
    fewer = ours(MANAGEMENT, patients, "batch", str(source), str(out), "--as-of", DAY, "--only", "management", out=out)
    return replace(group, tasks=(*group.tasks, fewer))


def _reasons(sizes: Sizes) -> Group:
    patients = sizes.linear[-1]
    out = answers("reasons", BATCH)
    arguments = ("batch", str(build("table", patients)), str(out), "--as-of", DAY, "--reasons")
    task = ours(f"{BATCH} --reasons", patients, *arguments, out=out)
    return Group("reasons", "Parquet, with the reasons of every answer", patients, (task,))


def _one(patients: int) -> Group:
    source = build("turtle", patients + WARMING)
    tasks = ("floors.rdflib_each", "ours.warm", "ours.deciding")
    return Group("one", "One patient at a time, in a warm process", patients,
                 tuple(peer(task, source, answers("one", task)) for task in tasks))  # fmt: skip


def _dated(patients: int) -> Group:
    source = build("turtle", patients + WARMING)
    return Group("dated", "One patient with dated therapies at a time, in a warm process", patients,
                 (peer("ours.dated", source, answers("dated", "ours.dated")),))  # fmt: skip


def _cold() -> Group:
    """One patient on the command line; bare Python does no more than parse the file."""
    parse = f"import pyoxigraph as ox; print(sum(1 for _ in ox.parse(path={EXAMPLE!r}, format=ox.RdfFormat.TURTLE)))"
    return Group("cold", "One patient on the command line, from a cold start", 1, (
        Task(BARE, (sys.executable, "-c", parse), 1, clock=False),
        ours(CLASSIFY, 1, "classify", EXAMPLE),
        ours(HERMIT, 1, "classify", EXAMPLE, "--engine", "hermit"),
    ))  # fmt: skip


def _file() -> Group:
    patients = 1_500
    source = build("turtle", patients)
    return Group("file", "A file of patients in one process, with all reasons, as JSON", patients,
                 (peer("floors.rdflib", source, answers("file", "floors.rdflib")),
                  peer("ours.classified", source, answers("file", "ours.classified"))))  # fmt: skip

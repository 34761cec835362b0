"""What a run says: a table on the terminal, the same as Markdown, everything as JSON, and a plot."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from measure import Measured
from plan import BATCH, Group
from promises import Verdict
from rich.console import Console
from rich.table import Table

LIBRARIES = ("pyarrow", "polars", "duckdb", "nemo-python", "pyoxigraph", "rdflib", "pyshacl", "owlready2")
LABELS = {
    "ours.kernel": "ours: the kernel alone",
    "ours.warm": "ours: Turtle to answers with reasons",
    "ours.deciding": "ours: deciding alone",
    "ours.classified": "ours: classify_files, as JSON",
    "floors.arrow_read": "floor: pyarrow reads the file",
    "floors.arrow_copy": "floor: pyarrow reads it and writes as much",
    "floors.arrow_few": "floor: pyarrow reads it and writes 16 columns",
    "floors.oxigraph": "floor: pyoxigraph parses the file",
    "floors.rdflib": "floor: rdflib parses the file",
    "floors.rdflib_each": "floor: rdflib parses it",
    "polars.exact": "Polars, expressions by hand",
    "polars.alone": "Polars, the expressions alone, in memory",
    "polars.copied": "floor: Polars copies 16 columns",
    "polars.kleene": "Polars, plain definitions (not exact)",
    "duckdb.exact": "DuckDB, SQL by hand",
    "nemo.exact": "Nemo, Datalog by hand",
    "sparql.exact": "pyoxigraph, SPARQL by hand",
    "shacl.contract": "pySHACL, record contract (no classes)",
    "hermit.exact": "HermiT, profile classes",
}
COLUMNS = ("", "seconds", "patients/s", "triples/s", "times ours", "peak memory")
PARSE = "floors.oxigraph"


@dataclass(frozen=True)
class Agreement:
    """Two sets of answers compared: over how many patients and answers, and how many differ, by class."""

    what: str
    patients: int
    answers: int
    differences: dict[str, int]
    exact: bool = True
    failure: str = ""

    @property
    def outcome(self) -> str:
        """What came of it."""
        total = sum(self.differences.values())
        names = ", ".join(f"{name} {count:,}" for name, count in self.differences.items())
        return self.failure or (f"{total:,} differ ({names})" if total else "all equal")

    @property
    def broken(self) -> bool:
        """Whether answers that have to be equal are not, or could not be compared."""
        return self.exact and bool(self.failure or self.differences)


@dataclass(frozen=True)
class Report:
    """Everything that was found in one run."""

    groups: Sequence[tuple[Group, Sequence[Measured]]]
    agreements: Sequence[Agreement]
    verdicts: Sequence[Verdict]
    runs: int
    taken: float

    @property
    def broken(self) -> bool:
        """Whether a promise is broken or answers differ."""
        return any(v.outcome == "broken" for v in self.verdicts) or any(a.broken for a in self.agreements)


Sheet = tuple[str, Sequence[str], list[tuple[str, ...]]]


def sheets(report: Report) -> list[Sheet]:
    """The tables: title, head, and rows."""
    found: list[Sheet] = [(_title(group), COLUMNS, _rows(group, measured)) for group, measured in report.groups]
    promised = [(v.text, _figure(v.value), v.shown, v.outcome) for v in report.verdicts]
    agreed = [(a.what, f"{a.patients:,}", f"{a.answers:,}", a.outcome) for a in report.agreements]
    return [
        *found,
        ("Agreement", ("answers of, in", "patients", "answers", "outcome"), agreed),
        ("Promises", ("", "measured", "promised", "outcome"), promised),
    ]


def _title(group: Group) -> str:
    return f"{group.title}: {group.patients:,} patient{'s' * (group.patients > 1)}"


def _rows(group: Group, measured: Sequence[Measured]) -> list[tuple[str, ...]]:
    """A row for each task; triples where one of the tasks counted them."""
    own = next((m for m in measured if m.name == BATCH and not m.failure), None)
    triples = next((m.rows for m in measured if m.name == PARSE and not m.failure), 0)
    return [_row(group, m, triples, own) for m in measured]


def _row(group: Group, m: Measured, triples: int, own: Measured | None) -> tuple[str, ...]:
    label = LABELS.get(m.name, m.name)
    if m.failure:
        return label, m.failure, *[""] * (len(COLUMNS) - 2)
    rates = [f"{number / m.seconds:,.0f}" if number > 1 else "" for number in (group.patients, triples)]
    ratio = f"{m.seconds / own.seconds:.2f}" if own and own is not m else ""
    return label, _figure(m.seconds), *rates, ratio, f"{m.peak / 2**20:,.0f} MiB"


def _figure(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"


def conditions(report: Report) -> str:
    """On what it was measured."""
    libraries = ", ".join(f"{name} {found}" for name in LIBRARIES if (found := _version(name)))
    machine = f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, Python {platform.python_version()}"
    runs = f"medians of {report.runs} interleaved runs, {report.taken / 60:.0f} minutes in all"
    return f"{machine}, {libraries}; {runs}."


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def show(report: Report, console: Console) -> None:
    """The tables on a terminal."""
    for title, head, rows in sheets(report):
        table = Table(title=title, title_justify="left", title_style="bold")
        for place, name in enumerate(head):
            table.add_column(name, justify="right" if place and name != "outcome" else "left")
        for row in rows:
            table.add_row(*row)
        console.print(table)
    console.print(conditions(report))


def markdown(report: Report) -> str:
    """The tables as Markdown."""
    parts = [conditions(report)]
    for title, head, rows in sheets(report):
        lines = [head, ["---", *("--:" if name != "outcome" else "---" for name in head[1:])], *rows]
        parts.append(f"### {title}\n\n" + "\n".join(f"| {' | '.join(line)} |" for line in lines))
    return "\n\n".join(parts) + "\n"


def write(report: Report, folder: Path) -> None:
    """Markdown, JSON and the plot."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "results.md").write_text(markdown(report), "utf-8")
    groups = [{"name": group.name, "title": group.title, "patients": group.patients,
               "tasks": [asdict(m) for m in measured]} for group, measured in report.groups]  # fmt: skip
    promised = [{**asdict(v), "outcome": v.outcome} for v in report.verdicts]
    whole = {"conditions": conditions(report), "groups": groups, "promises": promised,
             "agreement": [asdict(a) for a in report.agreements]}  # fmt: skip
    (folder / "results.json").write_text(json.dumps(whole, indent=1), "utf-8")
    try:
        plot(report, folder)
    except ModuleNotFoundError as error:
        print(f"no plot: {error.name} is not installed")


# -- the plot --


def plot(report: Report, folder: Path) -> None:
    """Patients a second of every engine, and the cost by the number of patients, as PNG and SVG."""
    import matplotlib as mpl

    mpl.use("agg")
    from matplotlib import pyplot, ticker

    figure, (left, right) = pyplot.subplots(1, 2, figsize=(13, 5), width_ratios=(3, 2), layout="constrained")
    bars = list(_bars(report))
    left.barh([label for label, _, _ in bars], [rate for _, rate, _ in bars], color=[c for _, _, c in bars])
    left.set(xscale="log", xlabel="patients a second")
    left.invert_yaxis()
    left.grid(axis="x", alpha=0.3)
    points = sorted((group.patients, m.seconds) for group, measured in report.groups for m in measured
                    if m.name == BATCH and not m.failure and group.name.startswith(("columns", "linear")))  # fmt: skip
    if points:
        right.plot([n for n, _ in points], [seconds for _, seconds in points], "o-", color="tab:blue")
        right.set(xscale="log", yscale="log")
        right.yaxis.set_major_locator(ticker.LogLocator(subs=(1, 2, 5)))
        right.yaxis.set_major_formatter("{x:g}")
        right.yaxis.set_minor_formatter(ticker.NullFormatter())
    right.set(xlabel="patients", ylabel="seconds", title="guideproof batch, Parquet")
    right.grid(alpha=0.3)
    for suffix in ("png", "svg"):
        figure.savefig(folder / f"results.{suffix}", dpi=150, metadata={"Date": None} if suffix == "svg" else None)


def _bars(report: Report) -> Iterable[tuple[str, float, str]]:
    """Label, rate and colour of each engine: ours, floors, peers."""
    for group, measured in report.groups:
        if group.name.startswith(("linear", "cold", "file", "one", "sample", "reasons")):
            continue
        for m in measured:
            label = LABELS.get(m.name, m.name)
            own, floor = label.startswith((BATCH, "ours")), label.startswith("floor")
            if not m.failure:
                colour = "tab:blue" if own else "tab:gray" if floor else "tab:orange"
                yield f"{label} · {group.name}", group.patients / m.seconds, colour

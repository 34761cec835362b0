"""Measures what the project promises of its speed, as ratios taken in one run: medians, the runs interleaved.

    python tests/bench/bench.py [--runs N] [--patients N]

Cold start: one patient on the command line, as compiled and by the reference reasoner. A file of many patients:
validated, derived, classified, justified and written as JSON, against rdflib merely parsing it.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from statistics import median

import rdflib
from rich.console import Console
from rich.table import Table

from reasoner import JsonRenderer, classify_files, load_guideline

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "docs" / "examples" / "patient.ttl"
SEED = 20261122
HEADER = """@prefix ex: <https://example.org/> .
@prefix gp: <https://w3id.org/guideproof/core#> .
@prefix sn: <https://w3id.org/guideproof/schmorl#> .
"""
FINDINGS = (
    "BackPain", "LocalizedBackPain", "WorseningLocalizedBackPain", "RadicularSymptom", "Fever", "NightSweats",
    "UnexplainedWeightLoss", "ConstitutionalSymptom", "ProgressiveNeurologicalDeficit", "ModicChange",
    "PosteriorExtension",
)  # fmt: skip
IMPLIED = {
    "LocalizedBackPain": ("BackPain",), "WorseningLocalizedBackPain": ("BackPain", "LocalizedBackPain"),
    "Fever": ("ConstitutionalSymptom",), "NightSweats": ("ConstitutionalSymptom",),
    "UnexplainedWeightLoss": ("ConstitutionalSymptom",),
}  # fmt: skip


def patient(number: int, rng: random.Random) -> str:
    """One patient in Turtle: about fifteen triples, some of what could be known of it, without contradiction."""
    node = f"sn:vertebra sn:{rng.choice(('L1', 'L3', 'L4', 'L5'))} ; sn:endplate sn:InferiorEndplate"
    size = f"sn:diameterMillimetre {rng.choice((2, 3, 8))}.0"
    lines = [f"ex:p{number} a gp:Patient ; gp:hasFinding ex:n{number}"]
    present = {name for name in FINDINGS if rng.random() < 0.2}
    present |= {above for name in present for above in IMPLIED.get(name, ())}
    absent = {name for name in FINDINGS if name not in present and rng.random() < 0.6}
    lines += [f"gp:hasFinding [ a sn:{name} ]" for name in FINDINGS if name in present]
    lines += [f"gp:lacksFinding sn:{name}" for name in FINDINGS if name in absent]
    if rng.random() < 0.6:
        lines.append(f"sn:conservativeTherapyWeeks {rng.choice((0, 3, 8, 14, 20, 30))}.0")
    return f"{' ; '.join(lines)} .\nex:n{number} a sn:SchmorlsNode ; {node} ; {size} .\n"


def timed(run: Callable[[], object]) -> float:
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def command(*arguments: str) -> Callable[[], object]:
    """A run of the command line in a process of its own."""
    line = [sys.executable, "-m", "reasoner.cli", *arguments]
    return lambda: subprocess.run(line, check=True, stdout=subprocess.DEVNULL, cwd=ROOT)


def interleaved(runs: int, *tasks: Callable[[], object]) -> list[float]:
    """The median seconds of each task, run in turn."""
    for task in tasks:
        task()
    times = [[timed(task) for task in tasks] for _ in range(runs)]
    return [median(column) for column in zip(*times, strict=True)]


def cold(runs: int) -> tuple[float, float]:
    example = str(EXAMPLE)
    ours, reference = interleaved(
        runs, command("classify", example), command("classify", example, "--engine", "hermit")
    )
    return ours, reference


def many(runs: int, patients: int, folder: Path) -> tuple[float, float, int]:
    """Seconds of rdflib's parse, seconds of ours, and the number of triples."""
    rng = random.Random(SEED)
    path = folder / "patients.ttl"
    path.write_text(HEADER + "".join(patient(number, rng) for number in range(patients)), "utf-8")
    guideline, day = load_guideline(), date(2026, 11, 22)

    def ours() -> str:
        return json.dumps(JsonRenderer(guideline).render(classify_files(guideline, [path], day)))

    parse, answer = interleaved(runs, lambda: rdflib.Graph().parse(path), ours)
    return parse, answer, len(rdflib.Graph().parse(path))


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--runs", type=int, default=5)
    options.add_argument("--patients", type=int, default=1500)
    chosen = options.parse_args()
    compiled, hermit = cold(chosen.runs)
    with tempfile.TemporaryDirectory() as folder:
        parse, answer, triples = many(max(3, chosen.runs // 2), chosen.patients, Path(folder))
    table = Table(
        "measure", "seconds", "against", "seconds", "ratio", "promised", title=f"medians, {os.cpu_count()} cores"
    )
    rows = [
        ("one patient, cold", compiled, "--engine hermit", hermit, 1 / 3),
        (f"{chosen.patients} patients, {triples} triples", answer, "rdflib parse", parse, 10),
    ]
    for what, ours, against, theirs, promised in rows:
        table.add_row(what, f"{ours:.2f}", against, f"{theirs:.2f}", f"{ours / theirs:.2f}", f"≤ {promised:.2f}")
    Console(width=110).print(table)
    if any(ours / theirs > promised for _, ours, _, theirs, promised in rows):
        sys.exit(1)


if __name__ == "__main__":
    main()

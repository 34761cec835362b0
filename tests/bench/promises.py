"""What is promised, and whether it held: ratios within one run, as issue and README state them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from measure import Measured
from plan import BARE, BATCH, CLASSIFY, COPY, HERMIT, MANAGEMENT

Results = Mapping[tuple[str, str], Measured]
GIB = 1 << 30


@dataclass(frozen=True)
class Verdict:
    """A promise and what was measured; `value` is None where one of the two sides is missing.

    `failed` tells that ours is the missing side.
    """

    text: str
    value: float | None
    bound: float
    at_least: bool
    failed: bool = False
    judged: bool = True

    @property
    def shown(self) -> str:
        """The promised bound."""
        return f"{'≥' if self.at_least else '≤'} {self.bound:g}"

    @property
    def outcome(self) -> str:
        """`kept`, `broken`, `not measured` or, where the sizes are too small to tell, `not judged`."""
        if self.failed:
            return "broken"
        if self.value is None:
            return "not measured"
        if not self.judged:
            return "not judged"
        return "kept" if (self.value >= self.bound) is self.at_least or self.value == self.bound else "broken"


def verdicts(results: Results, judge_rates: bool) -> list[Verdict]:
    """Every promise. Without `judge_rates` those that need millions of patients are shown, and not judged."""

    def speed(text: str, own: tuple[str, str], floor: str, bound: float) -> Verdict:
        """How many times faster than another task over the same file."""
        return _verdict(results, text, own, (own[0], floor), _speed, bound, True, judge_rates)

    def time(text: str, own: tuple[str, str], other: str, bound: float) -> Verdict:
        """What share of the time of another task."""
        return _verdict(results, text, own, (own[0], other), _share, bound, False, True)

    columns, triples, one, cold = ("columns", BATCH), ("triples", BATCH), "floors.rdflib_each", ("cold", CLASSIFY)
    few, reasons, nemo = ("columns", MANAGEMENT), ("reasons", f"{BATCH} --reasons"), ("nemo", "nemo.exact")
    kernel, dated = ("columns", "ours.kernel"), ("dated", "ours.dated")
    return [
        speed("Parquet to Parquet, all columns, against pyarrow reading and writing as much", columns, COPY, 1.78),
        speed("Parquet to Parquet, management classes, against Polars' expressions", few, "polars.exact", 0.7),
        speed("kernel alone, against pyarrow reading", kernel, "floors.arrow_read", 5),
        speed("kernel alone, against Polars' expressions in memory", kernel, "polars.alone", 2),
        _verdict(results, "Parquet to Parquet, peak memory in GiB", columns, columns, _memory, 1, False, True),
        speed("N-Triples, against pyoxigraph's parse", triples, "floors.oxigraph", 2.5),
        _verdict(results, "N-Triples, patients a second against Nemo's", triples, nemo, _rate, 10, True, judge_rates),
        speed("Turtle, against pyoxigraph's parse", ("turtle", BATCH), "floors.oxigraph", 0.45),
        speed("RDF/XML, against pyoxigraph's parse", ("rdfxml", BATCH), "floors.oxigraph", 0.45),
        speed("JSON-LD, against pyoxigraph's parse", ("jsonld", BATCH), "floors.oxigraph", 0.45),
        _verdict(results, "reasons, patients a second", reasons, reasons, _alone, 100_000, True, judge_rates),
        time(
            "one patient, warm, Turtle to reasons, against rdflib's parse (decision 0026)",
            ("one", "ours.warm"),
            one,
            0.8,
        ),
        time("one patient, warm, deciding alone, against rdflib's parse", ("one", "ours.deciding"), one, 0.05),
        _verdict(results, "one dated patient, warm, milliseconds", dated, dated, _milliseconds, 2, False, True),
        time("one patient, cold, against bare Python and a parse (decision 0026)", cold, BARE, 10),
        time("one patient, cold, against the reference engine", cold, HERMIT, 1 / 3),
        time("1,500 patients with reasons, against rdflib's parse", ("file", "ours.classified"), "floors.rdflib", 10),
        _linear(results, judge_rates),
    ]


def _speed(own: Measured, other: Measured) -> float:
    return other.seconds / own.seconds


def _share(own: Measured, other: Measured) -> float:
    return own.seconds / other.seconds


def _rate(own: Measured, other: Measured) -> float:
    return own.rate / other.rate


def _memory(own: Measured, _: Measured) -> float:
    return own.peak / GIB


def _alone(own: Measured, _: Measured) -> float:
    return own.rate


def _milliseconds(own: Measured, _: Measured) -> float:
    return 1000 / own.rate


def _verdict(
    results: Results,
    text: str,
    own: tuple[str, str],
    other: tuple[str, str],
    value: Callable[[Measured, Measured], float],
    bound: float,
    at_least: bool,
    judged: bool,
) -> Verdict:
    mine, theirs = results[own], results[other]
    if mine.failure:
        return Verdict(text, None, bound, at_least, failed=not mine.missing)
    if theirs.failure:
        return Verdict(text, None, bound, at_least)
    return Verdict(text, value(mine, theirs), bound, at_least, judged=judged)


def _linear(results: Results, judged: bool) -> Verdict:
    """Seconds for each further patient: from the second largest number to the largest, against those up to there."""
    text = "seconds for each further patient, up to the largest number against up to the one below"
    found = [m for (group, name), m in results.items()
             if name == BATCH and (group == "columns" or group.startswith("linear"))]  # fmt: skip
    if any(m.failure for m in found):
        return Verdict(text, None, 1.25, at_least=False, failed=True)
    low, *_, middle, high = sorted(found, key=lambda m: m.rows)
    before = (middle.seconds - low.seconds) / (middle.rows - low.rows)
    after = (high.seconds - middle.seconds) / (high.rows - middle.rows)
    return Verdict(text, after / before, 1.25, at_least=False, judged=judged)

"""Reading A17 in plain Python, by sets of half days; and random therapies to count."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from fractions import Fraction

TODAY = date(2026, 11, 22)
Bounds = tuple[Decimal | None, Decimal | None]


@dataclass(frozen=True)
class Therapy:
    """One therapy as it is recorded; dates as the texts of xsd:date, xsd:gYearMonth or xsd:gYear."""

    start: str | None = None
    end: str | None = None
    weeks: Fraction | None = None
    ongoing: bool | None = None

    def turtle(self) -> str:
        dates = (("startDate", self.start), ("endDate", self.end))
        parts = ["a sn:PhysicalTherapy", *(f"gp:{p} {written_date(t)}" for p, t in dates if t)]
        parts += [f"gp:durationWeeks {float(self.weeks)}"] if self.weeks is not None else []
        parts += [f"gp:ongoing {str(self.ongoing).lower()}"] if self.ongoing is not None else []
        return f"[ {' ; '.join(parts)} ]"


def written_date(text: str) -> str:
    """A date in Turtle, by how much of it is known."""
    return f'"{text}"^^xsd:{ {4: "gYear", 7: "gYearMonth", 10: "date"}[len(text)] }'


def period(text: str, today: date) -> tuple[int, int]:
    """The first and the last day that a date can mean, none after today."""
    year, month, day = (*map(int, text.split("-")), 0, 0)[:3]
    first = date(year, month or 1, day or 1)
    following = date(year + 1, 1, 1) if not month else date(year + month // 12, month % 12 + 1, 1)
    last = first if day else following - timedelta(days=1)
    return first.toordinal(), min(last, today).toordinal()


@dataclass
class Count:
    """Half days that are certainly covered, half days that are possibly covered, and undated half days."""

    certain: set[int]
    possible: set[int]
    undated: list[Fraction]
    endless: bool = False


def cover(count: Count, starts: tuple[int, int], ends: tuple[int, int]) -> None:
    count.certain |= set(range(2 * starts[1], 2 * ends[0]))
    count.possible |= set(range(2 * starts[0], 2 * ends[1]))


def count_one(therapy: Therapy, today: date, count: Count) -> None:
    now, length = today.toordinal(), therapy.weeks
    starts = period(therapy.start, today) if therapy.start else None
    ends = period(therapy.end, today) if therapy.end else None
    if starts and length is not None and starts[0] + 7 * length > now:
        length = None
    if starts and (ends or therapy.ongoing):
        cover(count, starts, ends or (now, now))
    elif length is not None and starts and starts[0] == starts[1]:
        half = int(2 * (starts[0] + 7 * length))
        count.certain |= set(range(2 * starts[0], half))
        count.possible |= set(range(2 * starts[0], half))
    elif length is not None and ends and ends[0] == ends[1]:
        half = int(2 * (ends[0] - 7 * length))
        count.certain |= set(range(half, 2 * ends[0]))
        count.possible |= set(range(half, 2 * ends[0]))
    elif length is not None:
        count.undated.append(7 * length)
    elif starts:
        cover(count, starts, (starts[0], now))
    else:
        count.endless = True


def rounded(days: Fraction, rounding: str) -> Decimal:
    return (Decimal(days.numerator) / (7 * days.denominator)).quantize(Decimal("0.000001"), rounding)


def reference(therapies: Sequence[Therapy], today: date) -> Bounds | None:
    """The bounds that A17 gives, in weeks."""
    count = Count(set(), set(), [])
    for therapy in therapies:
        count_one(therapy, today, count)
    low = max(Fraction(len(count.certain), 2), *count.undated, Fraction(0))
    high = Fraction(len(count.possible), 2) + sum(count.undated)
    if count.endless:
        return (rounded(low, ROUND_FLOOR), None) if low else None
    if low == high and (low.denominator == 1 or (low / 7 * 10**6).denominator == 1):
        return rounded(low, ROUND_FLOOR), rounded(low, ROUND_FLOOR)
    return rounded(low, ROUND_FLOOR), rounded(high, ROUND_CEILING)


def some_date(rng: random.Random, day: date) -> str:
    return day.isoformat()[: rng.choice((10, 10, 10, 10, 7, 4))]


def some_therapy(rng: random.Random) -> Therapy:
    begun = TODAY - timedelta(days=rng.randint(0, 500))
    over = begun + timedelta(days=rng.randint(0, (TODAY - begun).days))
    start = some_date(rng, begun) if rng.random() < 0.8 else None
    end = some_date(rng, over) if rng.random() < 0.6 else None
    length = Fraction(rng.randint(0, 60), 2) if rng.random() < (0.2 if start and end else 0.6) else None
    return Therapy(start, end, length, None if end else rng.choice((None, None, True, False)))


def cohort(seed: int, size: int) -> list[tuple[Therapy, ...]]:
    rng = random.Random(seed)
    return [tuple(some_therapy(rng) for _ in range(rng.randint(1, 5))) for _ in range(size)]


def written(patients: Sequence[Sequence[Therapy]]) -> str:
    lines = (
        f"ex:p{i} a gp:Patient ; gp:underwent {' , '.join(t.turtle() for t in ts)} ." for i, ts in enumerate(patients)
    )
    return "\n".join(lines)

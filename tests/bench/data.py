"""Which patients are measured: drawn by seed, and written as a fact table.

Patients are drawn block by block (numpy's PCG64, seeded by SEED and the number of the block), so that the first n
are the same however many are made. Everything is partial: a finding is present, absent, or not recorded; of what
implies something else only the narrowest is recorded; nothing contradicts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

SEED = 20261122
VERSION = 2
BLOCK = 131_072
BASE = "https://example.org/patient/"

FINDINGS = (
    "SchmorlsNode", "BackPain", "LocalizedBackPain", "NewOrWorseningLocalizedBackPain", "NewLocalizedBackPain",
    "WorseningLocalizedBackPain", "RadicularSymptom", "ConstitutionalSymptom", "Fever", "NightSweats",
    "UnexplainedWeightLoss", "ProgressiveNeurologicalDeficit", "MarrowEdemaOnMri", "ModicChange", "PosteriorExtension",
    "RootCompressingExtension",
)  # fmt: skip
ACTS = (
    "ConservativeTherapy", "NsaidTherapy", "PhysicalTherapy", "SpineMri", "DifferentialExclusion",
    "RedFlagReassessment",
)  # fmt: skip
VERTEBRAE = ("L1", "L2", "L3", "L4", "L5", "T12", "T11", "S1")
ENDPLATES = ("InferiorEndplate", "SuperiorEndplate")

PRESENT, ABSENT, UNKNOWN = 1, 0, -1
States = NDArray[np.int8]
Numbers = NDArray[np.int32]


@dataclass(frozen=True)
class Block:
    """Consecutive patients, `first` the number of the first.

    `facts` has a state for each finding and act. `vertebra` and `endplate` are places in VERTEBRAE and ENDPLATES,
    `diameter` is in tenths of a millimetre, `weeks` in tenths of a week; -1 is not recorded.
    """

    first: int
    facts: Mapping[str, States]
    vertebra: States
    endplate: States
    diameter: Numbers
    weeks: Numbers

    @property
    def rows(self) -> int:
        """How many patients these are."""
        return len(self.vertebra)

    @property
    def node(self) -> NDArray[np.bool_]:
        """Who has an index node recorded."""
        return self.facts["SchmorlsNode"] == PRESENT

    def part(self, start: int, rows: int) -> Block:
        """`rows` of these patients."""
        cut = slice(start, start + rows)
        facts = {name: states[cut] for name, states in self.facts.items()}
        return Block(self.first + start, facts, self.vertebra[cut], self.endplate[cut], self.diameter[cut],
                     self.weeks[cut])  # fmt: skip


def blocks(patients: int) -> Iterator[Block]:
    """The first `patients` patients."""
    for number, first in enumerate(range(0, patients, BLOCK)):
        yield _Draw(number).block(first).part(0, min(BLOCK, patients - first))


# -- drawing --


class _Draw:
    """Draws one block: what is drawn first conditions what follows."""

    def __init__(self, number: int) -> None:
        self.random = np.random.default_rng([SEED, number])
        self.facts = {name: np.full(BLOCK, UNKNOWN, np.int8) for name in (*FINDINGS, *ACTS)}

    def block(self, first: int) -> Block:
        self.state("SchmorlsNode", present=0.975, absent=0.015)
        self.pain()
        self.constitutional()
        self.state("RadicularSymptom", present=0.16, absent=0.70)
        self.state("ProgressiveNeurologicalDeficit", present=0.03, absent=0.77)
        self.imaging()
        weeks = self.therapy()
        self.state("RedFlagReassessment", present=0.35, absent=0.15)
        node = self.facts["SchmorlsNode"] == PRESENT
        return Block(
            first,
            self.facts,
            self.value((0.08, 0.10, 0.14, 0.36, 0.20, 0.05, 0.02, 0.02), node),
            self.value((0.60, 0.34), node),
            np.where(node & self.chance(0.95), self.random.integers(10, 90, BLOCK), -1).astype(np.int32),
            weeks,
        )

    def chance(self, share: float) -> NDArray[np.bool_]:
        """Who of the block is in a random share."""
        return self.random.random(BLOCK, np.float32) < share

    def value(self, shares: tuple[float, ...], where: NDArray[np.bool_]) -> States:
        """A place in a list for each patient, by shares; -1 for the rest and outside `where`."""
        place = np.searchsorted(np.cumsum(shares), self.random.random(BLOCK), side="right")
        return np.where(where & (place < len(shares)), place, UNKNOWN).astype(np.int8)

    def state(self, name: str, present: float, absent: float, where: NDArray[np.bool_] | None = None) -> None:
        """A finding or an act that is present in one share of the patients in `where`, and absent in another."""
        drawn = self.random.random(BLOCK, np.float32)
        state = np.where(drawn < present, PRESENT, np.where(drawn < present + absent, ABSENT, UNKNOWN))
        self.put(name, state, np.ones(BLOCK, bool) if where is None else where)

    def put(self, name: str, state: object, where: NDArray[np.bool_]) -> None:
        self.facts[name] = np.where(where, state, self.facts[name]).astype(np.int8)

    def pain(self) -> None:
        """None, of any kind, or of a kind below; kinds below are denied where the narrowest is not recorded."""
        kind = self.value((0.28, 0.12, 0.22, 0.03, 0.07, 0.12), np.ones(BLOCK, bool))
        self.put("BackPain", ABSENT, kind == 0)
        for place, name in enumerate(FINDINGS[1:6], start=1):
            self.put(name, PRESENT, kind == place)
        self.state("LocalizedBackPain", 0, 0.5, kind == 1)
        self.state("NewOrWorseningLocalizedBackPain", 0, 0.5, kind == 2)
        self.state("WorseningLocalizedBackPain", 0, 0.3, (kind == 2) & (self.facts[FINDINGS[3]] == UNKNOWN))
        self.state("NewLocalizedBackPain", 0, 0.4, np.isin(kind, (2, 3)) & (self.facts[FINDINGS[3]] == UNKNOWN))
        self.state("WorseningLocalizedBackPain", 0, 0.4, kind == 4)

    def constitutional(self) -> None:
        """Denied as a whole, sign by sign, or one sign present; sometimes present without saying which."""
        kind = self.value((0.56, 0.14, 0.11, 0.08, 0.03), np.ones(BLOCK, bool))
        self.put("ConstitutionalSymptom", ABSENT, kind == 0)
        self.put("ConstitutionalSymptom", PRESENT, kind == 4)
        for name in FINDINGS[8:11]:
            self.put(name, ABSENT, kind == 1)
            self.state(name, 0, 0.7, np.isin(kind, (2, 4)) & ~self._denied(name))
            self.state(name, 0.35, 0.4, kind == 3)

    def _denied(self, last: str) -> NDArray[np.bool_]:
        """Where the other two signs are denied, and a third denial would contradict."""
        others = [self.facts[name] == ABSENT for name in FINDINGS[8:11] if name != last]
        return others[0] & others[1]

    def imaging(self) -> None:
        self.state("SpineMri", 0.50, 0.15)
        done = self.facts["SpineMri"] == PRESENT
        self.state("MarrowEdemaOnMri", 0.45, 0.40, done)
        self.state("MarrowEdemaOnMri", 0.08, 0.04, self.facts["SpineMri"] == UNKNOWN)
        self.state("ModicChange", 0.15, 0.40, done)
        self.state("PosteriorExtension", 0.10, 0.55)
        self.state("PosteriorExtension", 0.35, 0.30, self.facts["RadicularSymptom"] == PRESENT)
        extension = self.facts["PosteriorExtension"]
        self.state("RootCompressingExtension", 0.45, 0.30, extension == PRESENT)
        self.state("RootCompressingExtension", 0.10, 0.20, extension == UNKNOWN)
        self.state("DifferentialExclusion", 0.65, 0.15, self.facts["MarrowEdemaOnMri"] == PRESENT)

    def therapy(self) -> Numbers:
        """Weeks for most with pain; or therapy without its time, or none."""
        pain = np.any([self.facts[name] == PRESENT for name in FINDINGS[1:6]], axis=0)
        told = pain & self.chance(0.65)
        weeks = np.where(self.chance(0.12), 0, self.random.integers(1, 520, BLOCK))
        self.state("NsaidTherapy", 0.40, 0.0, told & (weeks > 0))
        self.state("PhysicalTherapy", 0.30, 0.0, told & (weeks > 0))
        self.state("ConservativeTherapy", 0.40, 0.35, pain & ~told)
        return np.where(told, weeks, -1).astype(np.int32)


# -- as a fact table --


def table(block: Block) -> pa.Table:
    """The columns of the fact table that these patients use."""
    node = block.node
    columns = {"patient": iris(block)}
    for name, states in block.facts.items():
        columns[f"sn:{name}"] = pa.array(states == PRESENT, mask=states == UNKNOWN)
    columns["sn:indexNode"] = pa.array(node, mask=~node)
    columns["sn:indexNode/sn:vertebra"] = _names(VERTEBRAE, block.vertebra)
    columns["sn:indexNode/sn:endplate"] = _names(ENDPLATES, block.endplate)
    for column, tenths in (("sn:indexNode/sn:diameterMillimetre", block.diameter),
                           ("sn:conservativeTherapyWeeks", block.weeks)):  # fmt: skip
        number = pa.array(tenths / 10.0, mask=tenths < 0)
        columns |= {f"{column}.low": number, f"{column}.high": number}
    return pa.table(columns)


def iris(block: Block) -> pa.Array:
    """The IRI of each patient."""
    number = pc.cast(pa.array(np.arange(block.first, block.first + block.rows)), pa.string())
    return pc.binary_join_element_wise(BASE, pc.utf8_lpad(number, 8, "0"), "")


def _names(values: tuple[str, ...], places: States) -> pa.Array:
    """Each place's individual as a CURIE; null for -1."""
    return pc.take(pa.array([f"sn:{value}" for value in values]), pa.array(places, mask=places < 0))


def write_parquet(path: Path, patients: int) -> None:
    """The fact table, a row group for each block."""
    writer = None
    for block in blocks(patients):
        part = table(block)
        writer = writer or pq.ParquetWriter(path, part.schema)
        writer.write_table(part, row_group_size=BLOCK)
    if writer:
        writer.close()

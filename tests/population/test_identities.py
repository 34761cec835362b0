"""Patients described twice are found exactly, whatever the partitions and whatever the hashes do."""

from __future__ import annotations

import os
import random
from collections import defaultdict
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from reasoner.errors import InputError
from reasoner.population import identities
from reasoner.population.identities import (
    Duplicate,
    Fingerprint,
    check_unchanged,
    find_duplicates,
    rejects_by_part,
    sorted_hashes,
)


def kept(parts: list[list[str]], directory: Path) -> list[Path]:
    paths = [directory / f"{number}.patients" for number in range(len(parts))]
    for path, patients in zip(paths, parts, strict=True):
        path.write_bytes(sorted_hashes(pa.array(patients, pa.string())))
    return paths


def found(parts: list[list[str]], directory: Path, **options: int) -> list[Duplicate]:
    return find_duplicates(kept(parts, directory), lambda number: pa.array(parts[number], pa.string()), **options)


def expected(parts: list[list[str]]) -> list[Duplicate]:
    places: dict[str, list[int]] = defaultdict(list)
    for number, patients in enumerate(parts):
        for patient in patients:
            places[patient].append(number)
    return sorted(Duplicate(patient, tuple(where)) for patient, where in places.items() if len(where) > 1)


@pytest.mark.parametrize("partition", [1, 7, 100, 1 << 22])
def test_duplicates_are_those_of_counting(partition: int, tmp_path: Path) -> None:
    draw = random.Random(partition)
    parts = [[f"urn:p:{draw.randrange(900)}" for _ in range(draw.choice([0, 1, 40, 60]))] for _ in range(12)]
    assert expected(parts)
    assert found(parts, tmp_path, partition=partition) == expected(parts)


def test_none_are_found_where_there_are_none(tmp_path: Path) -> None:
    def unasked(_: int) -> pa.Array:
        raise AssertionError("the IRIs are read only where a hash occurs twice")

    assert find_duplicates([], unasked) == []
    assert find_duplicates(kept([[], []], tmp_path), unasked) == []
    assert find_duplicates(kept([[f"urn:{i}" for i in range(500)], ["urn:x"]], tmp_path), unasked, partition=50) == []


def test_a_chance_collision_is_no_duplicate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hashes that take few values, with both ends of their range among them."""
    values = np.array([0, 2**64 - 1, 2**63, 5], np.uint64)
    monkeypatch.setattr(identities, "hashes", lambda patients: values[[len(p) % 4 for p in patients.to_pylist()]])
    parts = [["urn:a", "urn:bb", "urn:ccc"], ["urn:b", "urn:dd", "urn:ccc"], ["urn:e"]]
    assert found(parts, tmp_path, partition=2) == [Duplicate("urn:ccc", (0, 1))]


def test_hashes_are_the_same_for_any_string_type_and_slice() -> None:
    texts = [f"urn:{i}" for i in range(50)]
    whole = identities.hashes(pa.array(texts))
    assert len(set(whole.tolist())) == 50
    assert (identities.hashes(pa.array(texts, pa.large_string()).slice(7, 9)) == whole[7:16]).all()
    assert (identities.hashes(pa.array(texts).dictionary_encode()) == whole).all()


def test_a_whole_file_given_twice_is_one_fault(tmp_path: Path) -> None:
    patients = [f"urn:{i}" for i in range(100)]
    assert len(found([patients, patients], tmp_path, most=100)) == 100
    with pytest.raises(InputError) as caught:
        found([patients, patients], tmp_path, most=99)
    assert caught.value.problem.code == "duplicate-patients"


def test_every_source_is_named_in_every_part() -> None:
    twice = [Duplicate("urn:a", (0, 2)), Duplicate("urn:b", (0, 1, 1))]
    rejects = rejects_by_part(twice, ["one.nt", "one.nt", "two.nt"])
    assert {part: sorted(patients) for part, patients in rejects.items()} == {
        0: ["urn:a", "urn:b"],
        1: ["urn:b"],
        2: ["urn:a"],
    }
    assert rejects[0]["urn:a"].reason == "the patient is described in one.nt and in two.nt"
    assert (rejects[0]["urn:a"].source, rejects[2]["urn:a"].source) == ("one.nt", "two.nt")
    assert rejects[1]["urn:b"].reason == "the patient is described 3 times in one.nt"


def test_a_changed_file_is_seen(tmp_path: Path) -> None:
    path = tmp_path / "in.nt"
    path.write_bytes(b"a" * 200_000)
    before = Fingerprint.of(path)
    check_unchanged([before])
    path.write_bytes(b"a" * 199_999 + b"b")
    os.utime(path, ns=(before.changed, before.changed))
    with pytest.raises(InputError) as caught:
        check_unchanged([before])
    assert (caught.value.problem.code, caught.value.problem.file) == ("input-changed", str(path))
    path.unlink()
    with pytest.raises(InputError) as caught:
        check_unchanged([before])
    assert caught.value.problem.code == "unreadable"

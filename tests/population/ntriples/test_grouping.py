"""Cutting N-Triples between patients, and regrouping them: nothing is lost, and what belongs together is together."""

from __future__ import annotations

import random
import re
from itertools import pairwise
from pathlib import Path

import pyoxigraph as ox
import pytest
from broken_records import CORE, SN, TYPE

from reasoner.guideline.guideline import Guideline
from reasoner.population.ntriples.classifier import TripleClassifier
from reasoner.population.ntriples.conversion import evenly
from reasoner.population.ntriples.grouping import cuts, regroup, types_patient
from reasoner.population.ntriples.owners import find_owners
from reasoner.population.ntriples.reading import read_block
from reasoner.population.ntriples.sweep import as_lines

PATIENT, HAS, FEVER = f"<{CORE}Patient>", f"<{CORE}hasFinding>", f"<{SN}Fever>"


def record(number: int, node: str = "_:n{}") -> list[str]:
    who, finding = f"<https://example.org/p{number}>", node.format(number)
    return [f"{who} {TYPE} {PATIENT} .", f"{who} {HAS} {finding} .", f"{finding} {TYPE} {FEVER} ."]


def written(path: Path, given: list[str]) -> Path:
    path.write_text("".join(f"{line}\n" for line in given), encoding="utf-8")
    return path


# -- cuts --


def test_cuts_lie_before_patients(tmp_path: Path) -> None:
    path = written(tmp_path / "p.nt", [line for number in range(500) for line in record(number)])
    data, found = path.read_bytes(), cuts(path, 5_000)
    assert found[0] == 0
    assert found[-1] == len(data)
    assert len(found) > 20
    assert all(data[offset - 1 :].startswith(b"\n<https://example.org/p") for offset in found[1:-1])
    assert max(stop - start for start, stop in pairwise(found)) < 10_000


def test_a_run_of_lines_about_a_patient_is_not_cut(tmp_path: Path) -> None:
    late = []
    for i in range(50):
        late += [f'<urn:p:{i}> <urn:x:note> "{j}" .' for j in range(50)] + [f"<urn:p:{i}> {TYPE} {PATIENT} ."]
    data = (path := written(tmp_path / "p.nt", late)).read_bytes()
    for start, stop in pairwise(cuts(path, 3_000)):
        assert data[start:stop].count(b'"0"') == data[start:stop].count(PATIENT.encode())


def test_white_space_may_be_any(tmp_path: Path) -> None:
    spaced = [line.replace(" ", "\t").replace("\t.", ".") for number in range(300) for line in record(number)]
    assert len(cuts(written(tmp_path / "p.nt", spaced), 5_000)) > 10


def test_a_file_without_patients_is_cut_all_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reasoner.population.ntriples.grouping._WINDOW", 400)
    path = written(tmp_path / "p.nt", [f"<urn:n:{i}> {TYPE} {FEVER} ." for i in range(2_000)])
    data, found = path.read_bytes(), cuts(path, 5_000)
    assert max(stop - start for start, stop in pairwise(found)) < 10_000
    assert all(data[offset - 1] == ord("\n") for offset in found[1:])
    assert not types_patient(path)


def test_a_mark_of_the_byte_order_is_no_part_of_the_first_line(tmp_path: Path) -> None:
    path = tmp_path / "p.nt"
    path.write_bytes(b"\xef\xbb\xbf" + "\n".join(record(1)).encode())
    assert cuts(path, 1 << 20) == [3, path.stat().st_size]
    path.write_bytes(b"")
    assert cuts(path, 1 << 20) == [0]
    assert not types_patient(path)


# -- regrouping --


def buckets(guideline: Guideline, given: list[str], folder: Path, count: int = 8) -> list[bytes]:
    folder.mkdir()
    blocks = ["".join(f"{line}\n" for line in given[start : start + 50]).encode() for start in range(0, len(given), 50)]
    classifier = TripleClassifier(guideline)
    read = lambda: (find_owners(read_block(as_lines(block), "p.nt"), classifier) for block in blocks)  # noqa: E731
    paths = regroup(read, classifier, folder, count)
    return [path.read_bytes() for path in paths]


@pytest.mark.parametrize("node", ["_:n{}", "<https://example.org/n{}>", f"<{SN}n{{}}>"])
def test_what_belongs_together_is_together(guideline: Guideline, tmp_path: Path, node: str) -> None:
    given = [line for number in range(200) for line in record(number, node)]
    random.Random(1).shuffle(given)
    found = buckets(guideline, given, tmp_path / "b")
    assert len(found) > 4
    assert sorted(b"".join(found).decode().splitlines()) == sorted(given)
    for number in range(200):
        wanted = {f"{line}\n".encode() for line in record(number, node)}
        assert sum(wanted <= set(bucket.splitlines(keepends=True)) for bucket in found) == 1


def test_a_slip_that_all_make_joins_nobody(guideline: Guideline, tmp_path: Path) -> None:
    given = [f"<https://example.org/p{number}> <{CORE}lacksFinding> <{SN}Fevr> ." for number in range(400)]
    assert max(map(len, buckets(guideline, given, tmp_path / "b"))) < sum(map(len, given)) / 4


def test_labels_of_blank_nodes_do_not_matter(guideline: Guideline, tmp_path: Path) -> None:
    given = [line for number in range(200) for line in record(number)]
    given.append(f"_:lost {TYPE} {FEVER} .")
    one = buckets(guideline, given, tmp_path / "one")
    renamed = [re.sub(r"_:(\w+)", lambda label: f"_:x{label[1][::-1]}", line) for line in given]
    other = buckets(guideline, renamed, tmp_path / "other")
    assert [re.findall(rb"<[^>]*p\d+>", bucket) for bucket in one] == [
        re.findall(rb"<[^>]*p\d+>", bucket) for bucket in other
    ]
    assert one[0].count(b"_:lost") == other[0].count(b"_:xtsol") == 1


def test_lines_are_the_triples() -> None:
    data = "\n".join([*record(1), '<urn:a> <urn:b> "x\\n\\"é\\""@en .', ""]).encode()
    block = read_block(as_lines(data), "p.nt")
    assert block.lines(block.subject.nonzero()[0]).decode() in data.decode()
    assert block.lines(block.subject[:0].nonzero()[0]) == b""


def test_random_labels_get_one_length() -> None:
    """Of 128 random bits some begin with zeros, which are not written; units would begin elsewhere each time."""
    text = "".join(f'[] <urn:x:{i}> [ <urn:says> "_:abc <x> _:abc .\\n" ] .\n' for i in range(500))
    given = ox.serialize(ox.parse(text, ox.RdfFormat.TURTLE), format=ox.RdfFormat.N_TRIPLES)
    assert given is not None
    found = evenly(given)
    labels = re.findall(rb"(?m)^_:(\w+)| _:(\w+) \.$", found)
    assert {len(one or other) for one, other in labels} == {32}
    assert len({one or other for one, other in labels}) == 1000
    assert found.count(b'"_:abc <x> _:abc .\\n"') == 500
    short = b'_:abc <urn:p> _:f0 .\n_:abc <urn:p> "see _:abc <urn:x>" .\n'
    assert evenly(short) == short.replace(b"_:abc <urn:p>", b"_:" + b"abc".ljust(32, b"g") + b" <urn:p>").replace(
        b"_:f0 .", b"_:" + b"f0".ljust(32, b"g") + b" ."
    )

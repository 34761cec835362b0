"""The compiled loops over triples, each against a plain way to the same."""

from __future__ import annotations

import random
import re
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from reasoner.population.ntriples import reading
from reasoner.population.ntriples.loops import counted, distinct, gather_bits, grouped, turned
from reasoner.population.ntriples.simple import simple
from reasoner.population.ntriples.sweep import gather, sweep
from reasoner.population.ntriples.text import Buffer, TextLines

PLAIN = re.compile(rb"([^\x00-\x20]+) ([^\x00-\x20]+) (.+) \.\n", re.DOTALL)


# -- lines --


def words(rng: random.Random, kinds: int) -> list[bytes]:
    """Words of every length up to 40, many of them with a common beginning."""
    letters = bytes(range(33, 256))
    return [rng.choice((b"", b"<https://example.org/patient/")) + bytes(rng.choices(letters, k=rng.randint(1, 11)))
            for _ in range(kinds)]  # fmt: skip


def line(rng: random.Random, known: list[bytes]) -> bytes:
    parts = [rng.choice(known) for _ in range(rng.choice((3, 3, 3, 3, 3, 4, 5)))]
    text = b" ".join([*parts, b".\n"])
    if rng.random() < 0.2:
        at = rng.randrange(len(text))
        text = text[:at] + rng.choice((b" ", b"\t", b"\n", b"\r", b"", b".", b"\0")) + text[at + rng.randrange(2) :]
    return text if text.endswith(b"\n") else text + b"\n"


def terms_of(text: TextLines) -> list[tuple[bytes, ...] | None]:
    """The three terms of each line by the loop; None for a line that is odd."""
    found = sweep(text.data, text.size)
    texts, offsets = gather(text.data, found.terms, np.arange(len(found.terms)))
    known = [texts[start:stop].tobytes() for start, stop in pairwise(offsets)]
    assert len(set(known)) == len(known)
    pairs = list(zip(found.predicate.tolist(), found.object.tolist(), strict=True))
    assert len(set(pairs)) == len(pairs)
    return [None if s < 0 else (known[s], known[pairs[p][0]], known[pairs[p][1]])
            for s, p in zip(found.subject.tolist(), found.pair.tolist(), strict=True)]  # fmt: skip


@pytest.mark.parametrize("kinds", [3, 60, 20_000])
@pytest.mark.parametrize("seed", range(8))
def test_lines_are_cut_and_numbered(seed: int, kinds: int) -> None:
    rng = random.Random(f"{seed} {kinds}")
    known = words(rng, kinds)
    data = b"".join(line(rng, known) for _ in range(rng.choice((1, 50, 9_000))))
    found = terms_of(TextLines.of(data))
    lines = [one + b"\n" for one in data.split(b"\n")[:-1]]
    assert len(found) == len(lines)
    for terms, one in zip(found, lines, strict=True):
        if terms is not None:
            assert b" ".join(terms) + b" .\n" == one
            assert not any(byte <= 32 for byte in terms[0] + terms[1])
        elif match := PLAIN.fullmatch(one):  # three terms indeed, and yet odd: only where the object is not one
            assert not match[3].strip(bytes(range(33)))


def test_every_length_at_every_place() -> None:
    for length in range(1, 40):
        for before in range(9):
            data = b"s" * (before + 1) + b" p o .\n" + b"a" * length + b" " + b"b" * length + b' "' + b"c" * length
            data += b'" .\n' + b"a" * length + b" p o .\n"
            assert terms_of(TextLines.of(data)) == [
                (b"s" * (before + 1), b"p", b"o"),
                (b"a" * length, b"b" * length, b'"' + b"c" * length + b'"'),
                (b"a" * length, b"p", b"o"),
            ]


def test_a_text_is_whole_lines(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"one\ntwo\nthree")
    buffer = Buffer()
    assert [bytes(buffer.read(tmp_path / "file", *cut).view) for cut in ((0, 4), (4, 13), (4, 8), (13, 13))] == [
        b"one\n", b"two\nthree\n", b"two\n", b"",
    ]  # fmt: skip
    assert TextLines.of(b"a\nbc").line_offsets().tolist() == [0, 2, 5]
    assert len(sweep(TextLines.of(b"").data, 0).subject) == 0


# -- terms --


@pytest.mark.parametrize("seed", range(5))
def test_what_is_simple_is_valid(seed: int) -> None:
    rng = random.Random(seed)
    pieces = ["<", ">", "http://", "https://", "_:", "a", "Z", "9", "-", ".", "_", "~", "/", "#", "?", "%41", "é", " ",
              '"', "<http://a", "example.org/", ":", "@en"]  # fmt: skip
    texts = ["".join(rng.choices(pieces, k=rng.randint(0, 7))) for _ in range(20_000)]
    texts += [f"<{rng.choice(('http', 'https'))}://{''.join(rng.choices(pieces[5:14], k=5))}>" for _ in range(2_000)]
    array = pa.array(texts)
    found = simple(*reading._buffers(array))
    valid = reading._matches(array, reading._TERM)
    assert not (found & ~valid).any()
    assert found.sum() > 1_500


# -- rows --


@pytest.mark.parametrize("kinds", [1, 7, 3_000, 100_000])
def test_rows_are_told_apart_grouped_and_counted(kinds: int) -> None:
    rng = np.random.default_rng(kinds)
    left, right = (rng.integers(0, kinds, kinds).astype(np.int32) for _ in range(2))
    i, j = (rng.integers(0, kinds, 20_000).astype(np.int32) for _ in range(2))
    keys = left[i].astype(np.int64) * kinds + right[j]
    found, places = distinct(left, i, right, j, kinds)
    assert (found[places] == keys).all() and found.tolist() == list(dict.fromkeys(keys.tolist()))
    rows, ends = grouped(left, i, kinds)
    assert [rows[start:stop].tolist() for start, stop in pairwise(ends)] == [
        np.flatnonzero(left[i] == kind).tolist() for kind in range(kinds)
    ]
    often, most = counted(j, rows[: len(rows) // 2], kinds)
    assert (often == np.bincount(j[rows[: len(rows) // 2]], minlength=kinds)).all() and most == often.max()


def test_bits_are_gathered_and_turned() -> None:
    rng = np.random.default_rng(1)
    row, context = rng.integers(0, 130, 1_000).astype(np.int32), rng.integers(0, 9, 1_000).astype(np.int32)
    chosen, bits = rng.random(1_000) < 0.5, rng.integers(0, 1 << 63, (9, 2)).astype(np.uint64)
    found, plain = np.zeros((130, 2), np.uint64), np.zeros((130, 2), np.uint64)
    gather_bits(row, context, chosen, bits, found)
    np.bitwise_or.at(plain, row[chosen], bits[context[chosen]])
    assert (found == plain).all()
    flags = np.unpackbits(plain.view(np.uint8), axis=1, bitorder="little")[:, :100]
    expected = np.zeros((100, 3 * 64), np.uint8)
    expected[:, :130] = flags.T
    assert (turned(plain, 100) == np.packbits(expected, axis=1, bitorder="little").view(np.uint64)).all()


def test_each_loop_is_compiled_for_one_kind_of_arguments(tmp_path: Path) -> None:
    """Processes that compile at once share a cache, which would mix up two kinds."""
    (tmp_path / "file").write_bytes(b'<http://a/s> <http://a/p> "o" .\n')
    for text in (Buffer().read(tmp_path / "file", 0, 33), TextLines.of((tmp_path / "file").read_bytes())):
        reading.read_block(text, "x")
    reading.read_block((tmp_path / "file").read_bytes(), "x")
    assert {len(loop.signatures) for loop in (sweep, gather, simple)} == {1}  # type: ignore[attr-defined]

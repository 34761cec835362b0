"""Lines cut and numbered by the compiled loops, against a plain way to the same."""

from __future__ import annotations

import random
import re
from itertools import pairwise
from pathlib import Path

import pytest

from reasoner.population.ntriples import reading
from reasoner.population.ntriples.sweep import Lines, as_lines, gather, read_lines, sweep, text_of

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


def terms_of(text: Lines) -> list[tuple[bytes, ...] | None]:
    """The three terms of each line by the loop; None for a line that is odd."""
    found = sweep(text)
    texts, offsets = gather(text, found.terms)
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
    found = terms_of(as_lines(data))
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
            assert terms_of(as_lines(data)) == [
                (b"s" * (before + 1), b"p", b"o"),
                (b"a" * length, b"b" * length, b'"' + b"c" * length + b'"'),
                (b"a" * length, b"p", b"o"),
            ]


def test_a_text_is_whole_lines(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"one\ntwo\nthree")
    cuts = {(0, 4): b"one\n", (4, 13): b"two\nthree\n", (4, 8): b"two\n", (13, 13): b""}
    for (start, stop), lines in cuts.items():
        with (tmp_path / "file").open("rb") as file:
            file.seek(start)
            assert text_of(read_lines(file, stop - start)) == lines
    assert text_of(as_lines(b"a\nbc")) == b"a\nbc\n"
    assert len(sweep(as_lines(b"")).subject) == 0


def test_each_loop_is_compiled_for_one_kind_of_arguments(tmp_path: Path) -> None:
    """Processes that compile at once share a cache, which would mix up two kinds."""
    (tmp_path / "file").write_bytes(b'<http://a/s> <http://a/p> "o" .\n')
    with (tmp_path / "file").open("rb") as file:
        reading.read_block(read_lines(file, 33), "x")
    reading.read_block(as_lines((tmp_path / "file").read_bytes()), "x")
    assert {len(loop.signatures) for loop in (sweep, gather)} == {1}  # type: ignore[attr-defined]

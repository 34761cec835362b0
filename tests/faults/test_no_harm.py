"""No harm outside: what is not ours is written through or refused, never replaced, emptied, trusted or left half done.

Devices are made by the tests in directories of their own: the machine's own are never an output here.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from faults.outcomes import (
    AS_OF,
    EXAMPLE,
    PREFIXES,
    TINY,
    Outcome,
    cases,
    coded,
    guideproof,
)

#: Each starts processes of its own.
pytestmark = pytest.mark.exhaustive


FOLLOWED = "a planted link is followed, and foreign content is emptied"
LEFT = "part of an answer is left under a temporary name"
TRUSTED = "a cached file is trusted whoever wrote it"
UNDECODED = "a cached file that decodes to something else is an internal error"

root_only = pytest.mark.skipif(os.geteuid() != 0, reason="only root makes devices, mounts and files of others")

# -- outputs that are no ordinary files --

SYNTAX = ("--guideline", TINY)
PLANT = TINY / "records" / "dry.ttl"
COMMANDS: dict[str, tuple[str | Path, ...]] = {
    "classify": ("classify", PLANT, *SYNTAX, "--as-of", AS_OF, "--format", "json", "--out"),
    "explain": ("explain", PLANT, "pot:WaterNow", *SYNTAX, "--as-of", AS_OF, "--format", "json", "--out"),
    "query": ("query", TINY / "dry-plants.rq", PLANT, *SYNTAX, "--as-of", AS_OF, "--format", "csv", "--out"),
    "schema": ("schema", *SYNTAX, "--format", "csv", "--out"),
    "batch": ("batch", PLANT, *SYNTAX, "--as-of", AS_OF, "--format", "csv", "--only", "status"),
}


def written(command: str, out: Path) -> Outcome:
    """Run a command that writes to `out`: it is done, or refused with a code."""
    outcome = guideproof(*COMMANDS[command], out, memory=None, cpu=20)
    assert outcome.code == 0 or coded(outcome)
    return outcome


@root_only
@pytest.mark.parametrize("command", COMMANDS)
def test_a_device_stays_a_device(tmp_path: Path, command: str) -> None:
    device = tmp_path / "null"
    os.mknod(device, stat.S_IFCHR | 0o666, os.makedev(1, 3))
    written(command, device)
    assert stat.S_ISCHR(device.lstat().st_mode)


@root_only
def test_a_full_device_is_refused_and_stays(tmp_path: Path) -> None:
    device = tmp_path / "full"
    os.mknod(device, stat.S_IFCHR | 0o666, os.makedev(1, 7))
    assert coded(written("classify", device))
    assert stat.S_ISCHR(device.lstat().st_mode) and len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("command", COMMANDS)
def test_a_pipe_is_written_to_or_refused(tmp_path: Path, command: str) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDWR | os.O_NONBLOCK)
    try:
        outcome = written(command, pipe)
        assert stat.S_ISFIFO(pipe.lstat().st_mode)
        if outcome.code == 0:
            assert os.read(reader, 1 << 16)
    finally:
        os.close(reader)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_link_is_followed_or_refused(tmp_path: Path, command: str) -> None:
    target, link = tmp_path / "deeper" / "target", tmp_path / "link"
    target.parent.mkdir()
    target.write_text("old\n")
    link.symlink_to("deeper/target")
    outcome = written(command, link)
    assert link.is_symlink()
    assert (target.read_text() == "old\n") == (outcome.code == 2)


@pytest.mark.parametrize("target", ["missing", "/dev/stdout"])
def test_a_link_to_nothing_or_to_standard_output(tmp_path: Path, target: str) -> None:
    link = tmp_path / "link"
    link.symlink_to(target)
    outcome = written("classify", link)
    assert link.is_symlink()
    if outcome.code == 0:
        assert "pot:WaterNow" in (outcome.out or (tmp_path / "missing").read_text())


def test_links_in_a_circle_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    assert coded(guideproof(*COMMANDS["classify"], tmp_path / "a" / "x"))


def test_the_rejects_of_a_batch_replace_no_link(tmp_path: Path) -> None:
    target, link = tmp_path / "kept", tmp_path / "a.csv.rejects.csv"
    target.write_text("old\n")
    link.symlink_to("kept")
    outcome = guideproof("batch", TINY / "records", tmp_path / "a.csv", *SYNTAX, "--only", "status", memory=None)
    assert outcome.code == 2 and link.is_symlink()
    assert target.read_text() == "old\n" or "patient," in target.read_text()


# -- directories beside an output --


def tree(root: Path) -> dict[str, bytes | str]:
    """What stands below a directory: files with their bytes, links with their targets, directories."""
    found: dict[str, bytes | str] = {}
    for path in sorted(root.rglob("*")):
        name = str(path.relative_to(root))
        found[name] = str(path.readlink()) if path.is_symlink() else "" if path.is_dir() else path.read_bytes()
    return found


def foreign(root: Path) -> Path:
    """A directory of somebody else's."""
    (root / "letters" / "2026").mkdir(parents=True)
    (root / "letters" / "2026" / "one.txt").write_text("dear")
    (root / "photo.jpg").write_bytes(b"\xff\xd8")
    return root


BESIDE = {"work": ".{}.work"}


@pytest.mark.parametrize("beside", cases(BESIDE, "", FOLLOWED))
def test_a_planted_link_is_not_followed(tmp_path: Path, beside: str) -> None:
    kept = foreign(tmp_path / "kept")
    before = tree(kept)
    (tmp_path / beside.format("a.csv")).symlink_to(kept)
    outcome = batch(tmp_path)
    assert tree(kept) == before
    assert outcome.code == 0 or (coded(outcome) and beside.format("a.csv") in outcome.err)


@pytest.mark.parametrize("beside", cases(BESIDE, "", FOLLOWED))
def test_foreign_content_is_not_emptied(tmp_path: Path, beside: str) -> None:
    kept = foreign(tmp_path / beside.format("a.csv"))
    before = tree(kept)
    outcome = batch(tmp_path)
    assert kept.is_dir() and before.items() <= tree(kept).items()
    assert outcome.code == 0 or (coded(outcome) and beside.format("a.csv") in outcome.err)


@root_only
@pytest.mark.parametrize("beside", cases(BESIDE, "", FOLLOWED))
def test_the_directory_of_another_is_not_used(tmp_path: Path, beside: str) -> None:
    """Who can write there sees records of patients, and says what is taken up of a run that was killed."""
    planted = tmp_path / beside.format("a.csv")
    planted.mkdir(mode=0o777)
    os.chown(planted, 65534, 65534)
    outcome = batch(tmp_path)
    assert coded(outcome) and beside.format("a.csv") in outcome.err and planted.is_dir()


@pytest.mark.parametrize("beside", BESIDE.values(), ids=BESIDE)
def test_a_file_where_the_directory_should_be(tmp_path: Path, beside: str) -> None:
    planted = tmp_path / beside.format("a.csv")
    planted.write_text("kept")
    outcome = batch(tmp_path)
    assert planted.read_text() == "kept" and (outcome.code == 0 or coded(outcome))


def batch(root: Path) -> Outcome:
    """A batch in `root` of one patient, to `a.csv`."""
    (root / "records.nt").write_text(
        "<https://example.org/p> <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> "
        "<https://w3id.org/guideproof/core#Patient> .\n",
        "utf-8",
    )
    return guideproof("batch", root / "records.nt", root / "a.csv", *SYNTAX, "--only", "status", memory=None, cpu=20)


def test_nothing_stands_beside_the_answers_of_a_batch(tmp_path: Path) -> None:
    assert batch(tmp_path).code == 0
    assert {path.name for path in tmp_path.iterdir()} == {"records.nt", "a.csv"}


# -- a disk that is full --


@pytest.mark.parametrize("command", ("classify", "explain", "schema", "batch"))
def test_a_full_disk_leaves_nothing(tmp_path: Path, command: str) -> None:
    """No file can have more than 64 bytes, which is fewer than any answer has."""
    out = tmp_path / "out" / "answer.csv"
    out.parent.mkdir()
    line = COMMANDS[command]
    assert guideproof(*line, tmp_path / "warm.csv", memory=None).code == 0
    outcome = guideproof(*line, out, largest=64, memory=None, cpu=20)
    assert coded(outcome) and list(out.parent.iterdir()) == []


@contextmanager
def small_disk(path: Path) -> Iterator[Path]:
    """A file system of 64 kB, where the machine lets us have one."""
    path.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "none", path], capture_output=True, check=False)
    if done.returncode:
        pytest.skip("no file system of our own can be mounted")
    try:
        yield path
    finally:
        subprocess.run(["umount", path], check=True)


@root_only
@pytest.mark.parametrize("out", cases(("answer.json", "answer.ttl", "answer.csv"), "", LEFT))
def test_a_small_disk_keeps_what_it_had(tmp_path: Path, out: str) -> None:
    with small_disk(tmp_path / "disk") as disk:
        (disk / out).write_text("old")
        with (disk / "filling").open("wb") as file:
            file.write(bytes(40_000))
        if out.endswith("csv"):
            outcome = guideproof("batch", EXAMPLE, disk / out, "--reasons", "--as-of", AS_OF, memory=None)
        else:
            outcome = guideproof("classify", EXAMPLE, "--as-of", AS_OF, "--out", disk / out)
        left = {path.name for path in disk.iterdir()}
        if outcome.code == 0:
            assert left == {"filling", out}
        else:
            assert coded(outcome) and left == {"filling", out} and (disk / out).read_text() == "old"


# -- the cache --

Cached = tuple[Path, Outcome]


@pytest.fixture(scope="module")
def warm(tmp_path_factory: pytest.TempPathFactory) -> Cached:
    """A cache after one command, and the right answer."""
    cache = tmp_path_factory.mktemp("warm") / "cache"
    outcome = asked(cache)
    assert outcome.code == 0 and files(cache)
    return cache, outcome


@pytest.fixture
def cached(tmp_path: Path, warm: Cached) -> Cached:
    """A copy of that cache to change, and the right answer."""
    return Path(shutil.copytree(warm[0], tmp_path / "cache")), warm[1]


def asked(cache: Path) -> Outcome:
    """One command with a cache of its own."""
    return guideproof("classify", PLANT, *SYNTAX, "--as-of", AS_OF, GUIDEPROOF_CACHE=str(cache))


def forged(path: Path, change: Callable[[bytes], bytes]) -> None:
    """Change a cached file, and its checksum where it opens with one."""
    content = path.read_bytes()
    head, line, rest = content.partition(b"\n")
    if line and head == hashlib.sha256(rest).hexdigest().encode():
        changed = change(rest)
        path.write_bytes(hashlib.sha256(changed).hexdigest().encode() + b"\n" + changed)
    else:
        path.write_bytes(change(content))


def lied(content: bytes) -> bytes:
    """The content with another label for what the answer says."""
    changed = content.replace(b"water it now", b"drown it now")
    assert changed != content
    return changed


def files(cache: Path) -> list[Path]:
    """What is kept in a cache: its secret is no entry."""
    return [path for path in cache.rglob("*.json") if path.is_file()]


CHANGES: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda _: b"",
    "truncated": lambda content: content[: len(content) // 2],
    "another document": lambda _: b"{}",
    "no document": lambda _: b"\xff\xfe\x00",
    "numbers made large": lambda content: content.replace(b"[0,", b"[987654321,").replace(b"[1,", b"[987654321,"),
    "numbers made negative": lambda content: content.replace(b",1,", b",-7,").replace(b"[0,", b"[-9,"),
    "deep": lambda _: b"[" * 100_000,
}


@pytest.mark.parametrize("change", cases(CHANGES, "", UNDECODED))
def test_a_cached_file_that_does_not_fit_is_rebuilt(cached: Cached, change: Callable[[bytes], bytes]) -> None:
    cache, right = cached
    for path in files(cache):
        forged(path, change)
    assert asked(cache) == right


def test_a_flipped_bit_is_noticed(cached: Cached) -> None:
    cache, right = cached
    for path in files(cache):
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        path.write_bytes(content)
    assert asked(cache) == right


def of_another(cache: Path) -> None:
    for path in files(cache):
        os.chown(path, 65534, 65534)


def open_to_all(cache: Path) -> None:
    for path in files(cache):
        path.chmod(0o666)


def in_an_open_directory(cache: Path) -> None:
    cache.chmod(0o777)


def in_a_directory_of_another(cache: Path) -> None:
    os.chown(cache, 65534, 65534)


def by_a_link(cache: Path) -> None:
    for number, path in enumerate(files(cache)):
        elsewhere = cache.parent / f"elsewhere-{number}"
        shutil.move(path, elsewhere)
        path.symlink_to(elsewhere)


NOT_OURS = (of_another, open_to_all, in_an_open_directory, in_a_directory_of_another, by_a_link)


@root_only
@pytest.mark.parametrize("planted", cases({one.__name__: one for one in NOT_OURS}, "", TRUSTED))
def test_a_cached_file_that_is_not_ours_is_not_read(cached: Cached, planted: Callable[[Path], None]) -> None:
    cache, right = cached
    for path in files(cache):
        forged(path, lied)
    planted(cache)
    assert asked(cache) == right


def test_a_cache_is_private(warm: Cached) -> None:
    cache, _ = warm
    assert stat.S_IMODE(cache.stat().st_mode) == 0o700
    assert all(stat.S_IMODE(path.stat().st_mode) & 0o022 == 0 for path in files(cache))


def test_nothing_of_a_patient_is_cached(tmp_path: Path) -> None:
    record = tmp_path / "record.ttl"
    record.write_text(PREFIXES + 'ex:Canary-7 a gp:Patient ; ex:note "canary-8" ; gp:lacksFinding pot:SoggySoil .')
    for folder in ("GUIDEPROOF_CACHE", "TMPDIR", "HOME"):
        (tmp_path / folder).mkdir()
    places = {name: str(tmp_path / name) for name in ("GUIDEPROOF_CACHE", "TMPDIR", "HOME")}
    assert guideproof("classify", record, *SYNTAX, **places).code == 0
    kept = [path for path in tmp_path.rglob("*") if path.is_file() and path != record]
    assert not [path for path in kept if b"anary-" in path.read_bytes()]

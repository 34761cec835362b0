"""What was compiled is found again by all that it was made from; the cache is the user's own, and bounded."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from msgspec import Struct

from reasoner.guideline import cache

FILES = {Path("/g/ontology/a.ttl"): b"one", Path("/g/ontology/b.ttl"): b"two"}


class Kept(Struct, frozen=True):
    """Something that is kept."""

    text: str
    parts: tuple[int, ...] = ()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The directory of the cache, which is not there yet."""
    monkeypatch.setenv("GUIDEPROOF_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def key(number: int) -> str:
    return f"{number:064x}"


def test_what_is_kept_is_found(folder: Path) -> None:
    assert cache.load(key(1), Kept) is None
    cache.save(key(1), Kept("é", (1, 2)))
    assert cache.load(key(1), Kept) == Kept("é", (1, 2))
    assert cache.load(key(2), Kept) is None
    assert {path.name for path in folder.iterdir()} == {"secret", f"{key(1)}.json"}


@pytest.mark.parametrize(
    "changed",
    [
        {Path("/g/ontology/a.ttl"): b"one"},
        {Path("/g/ontology/a.ttl"): b"one!", Path("/g/ontology/b.ttl"): b"two"},
        {Path("/h/ontology/a.ttl"): b"one", Path("/h/ontology/b.ttl"): b"two"},
        {Path("/g/ontology/a.ttl"): b"onet", Path("/g/ontology/b.ttl"): b"wo"},
        {Path("/g/ontology/a.ttl"): b"two", Path("/g/ontology/b.ttl"): b"one"},
    ],
)
def test_the_key_holds_every_file(changed: dict[Path, bytes]) -> None:
    assert cache.key_of(FILES) == cache.key_of(dict(FILES)) != cache.key_of(changed)


@pytest.fixture
def fresh() -> None:
    """The compiling modules are read again, before and after the test."""
    cache._compiler.cache_clear()
    yield
    cache._compiler.cache_clear()


@pytest.mark.usefixtures("fresh")
def test_the_key_holds_the_source_of_what_compiles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for room in cache._ROOMS:
        (tmp_path / room).mkdir(exist_ok=True)
    (tmp_path / "logic" / "a.py").write_bytes(b"x = 1")
    monkeypatch.setattr(cache, "_PACKAGE", tmp_path)
    before, about = cache.key_of(FILES), (tmp_path / "logic" / "a.py").stat()
    (tmp_path / "logic" / "a.py").write_bytes(b"x = 2")
    os.utime(tmp_path / "logic" / "a.py", ns=(about.st_atime_ns, about.st_mtime_ns))
    cache._compiler.cache_clear()
    assert cache.key_of(FILES) != before


@pytest.mark.usefixtures("fresh")
def test_the_key_holds_the_versions_of_libraries(monkeypatch: pytest.MonkeyPatch) -> None:
    before = cache.key_of(FILES)
    monkeypatch.setattr(cache, "_versions", lambda libraries: [f"{name}-99.dist-info" for name in libraries])
    cache._compiler.cache_clear()
    assert cache.key_of(FILES) != before


def test_versions_are_those_that_are_installed() -> None:
    from importlib.metadata import version

    names = ("rdflib", "pyoxigraph", "msgspec")
    assert cache._versions(names) == [f"{name}-{version(name)}.dist-info" for name in names]
    assert cache._versions(["no_such_library"]) == []


@pytest.mark.parametrize("damage", [b"", b"{}", b"x" * 100, None])
def test_a_damaged_entry_is_none(damage: bytes | None, folder: Path) -> None:
    cache.save(key(1), Kept("text"))
    path = folder / f"{key(1)}.json"
    path.write_bytes(path.read_bytes().replace(b"text", b"test") if damage is None else damage)
    assert cache.load(key(1), Kept) is None


@pytest.mark.usefixtures("folder")
def test_an_entry_of_another_kind_is_none() -> None:
    class Other(Struct):
        number: int

    cache.save(key(1), Kept("text"))
    assert cache.load(key(1), Other) is None


def test_entries_that_were_used_longest_ago_are_removed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "MOST_ENTRIES", 3)
    for number in range(3):
        cache.save(key(number), Kept("text"))
        os.utime(folder / f"{key(number)}.json", ns=(number, number))
    assert cache.load(key(0), Kept)
    cache.save(key(3), Kept("text"))
    assert {int(path.stem, 16) for path in folder.glob("*.json")} == {0, 2, 3}


def test_entries_take_no_more_bytes_than_they_may(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "MOST_BYTES", 2_500)
    (folder / "a").mkdir(parents=True)
    (folder / "other.json").write_text("x" * 5_000, "utf-8")
    for number in range(4):
        cache.save(key(number), Kept("x" * 1_000))
        os.utime(folder / f"{key(number)}.json", ns=(number, number))
    assert {path.name for path in folder.iterdir()} == {"a", "other.json", "secret", f"{key(2)}.json", f"{key(3)}.json"}


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="there are no such permissions")
def test_the_directory_is_private(folder: Path) -> None:
    cache.save(key(1), Kept("text"))
    assert folder.stat().st_mode & 0o777 == 0o700
    for mode in (0o777, 0o770, 0o702):
        folder.chmod(mode)
        assert cache.load(key(1), Kept) is None
        cache.save(key(2), Kept("text"))
    folder.chmod(0o755)
    assert cache.load(key(1), Kept) and not cache.load(key(2), Kept)


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="there are no such permissions")
@pytest.mark.usefixtures("folder")
def test_the_directory_of_another_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    cache.save(key(1), Kept("text"))
    monkeypatch.setattr(os, "geteuid", lambda: 12_345)
    assert cache.load(key(1), Kept) is None


@pytest.mark.parametrize(
    ("env", "expected"),
    [
        ({"XDG_CACHE_HOME": "{tmp}/xdg"}, "xdg/guideproof"),
        ({"XDG_CACHE_HOME": "relative", "HOME": "{tmp}"}, ".cache/guideproof"),
        ({"HOME": "{tmp}"}, ".cache/guideproof"),
        ({"GUIDEPROOF_CACHE": "{tmp}/own", "XDG_CACHE_HOME": "{tmp}/xdg"}, "own"),
    ],
)
def test_where_it_is(env: dict[str, str], expected: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GUIDEPROOF_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in env.items():
        monkeypatch.setenv(name, value.format(tmp=tmp_path))
    assert cache._directory() == tmp_path / expected


def test_a_cache_that_cannot_be_written_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setenv("GUIDEPROOF_CACHE", str(tmp_path / "file" / "below"))
    cache.save(key(1), Kept("text"))
    assert cache.load(key(1), Kept) is None

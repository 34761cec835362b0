"""What was compiled before, kept in a directory of the user's under a hash of all that it was made from.

The directory is `$GUIDEPROOF_CACHE`, or else `guideproof` in `$XDG_CACHE_HOME` or `~/.cache`. It is used where it is
the user's and nobody else can write to it. A cache that cannot be used is no error: everything is compiled again.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TypeVar

import msgspec

from reasoner.errors import InputError
from reasoner.files import write_whole

T = TypeVar("T")

#: How many entries are kept, those that were used last, and how many bytes they may take together.
MOST_ENTRIES, MOST_BYTES = 50, 64 << 20

_PACKAGE = Path(__file__).resolve().parents[1]

#: The packages, beside the modules at the top, by which a guideline is compiled, and the libraries that they use.
_ROOMS = ("", "logic", "records", "guideline")
_LIBRARIES = ("rdflib", "pyoxigraph", "msgspec")


def key_of(files: Mapping[Path, bytes]) -> str:
    """The hash, in hexadecimal, of all that is compiled and of what compiles it."""
    digest = hashlib.sha256(_compiler())
    for path, data in files.items():
        digest.update(f"{path}\0{len(data)}\0".encode())
        digest.update(data)
    return digest.hexdigest()


def load(key: str, kind: type[T]) -> T | None:
    """What is kept under a key; None where there is nothing, or it is not what was written."""
    try:
        directory = _directory()
        path = directory / f"{key}.json"
        check, _, text = _read_own(path).partition(b"\n")
        if not hmac.compare_digest(_seal(text, directory), check):
            return None
        found = msgspec.json.decode(text, type=kind)
        os.utime(path)
        return found
    except Exception:  # whatever is wrong with an entry, it is made again
        return None


def save(key: str, content: msgspec.Struct) -> None:
    """Keep something under a key, and remove what was used longest ago where too much is kept."""
    text = msgspec.json.encode(content)
    with suppress(OSError, RuntimeError, InputError):
        directory = _directory()
        write_whole(directory / f"{key}.json", b"\n".join((_seal(text, directory), text)))
        _evict(directory)


def _seal(text: bytes, directory: Path) -> bytes:
    """The hash by which an entry is known as one of this cache: nobody makes it who cannot read the cache's secret."""
    return hmac.new(_secret(directory), text, "sha256").hexdigest().encode()


def _secret(directory: Path) -> bytes:
    """The secret of a cache, drawn when it is first used. Raises OSError."""
    path = directory / "secret"
    with suppress(FileExistsError):
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(os.urandom(32))
    return _read_own(path)


def _read_own(path: Path) -> bytes:
    """What an ordinary file holds. Raises OSError where it is a link, another's, or open to others."""
    with os.fdopen(os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0)), "rb") as file:
        _check_own(os.fstat(file.fileno()), path)
        return file.read()


def _check_own(about: os.stat_result, path: Path) -> None:
    if hasattr(os, "geteuid") and (about.st_uid != os.geteuid() or about.st_mode & 0o022):
        raise PermissionError(f"others can write to {path}")


def _evict(directory: Path) -> None:
    """Remove entries beyond the bounds, those first that were used longest ago. Raises OSError."""
    entries = [(path.stat(), path) for path in directory.glob(f"{'[0-9a-f]' * 64}.json")]
    entries.sort(key=lambda entry: entry[0].st_mtime_ns, reverse=True)
    size = 0
    for number, (about, path) in enumerate(entries):
        size += about.st_size
        if number >= MOST_ENTRIES or size > MOST_BYTES:
            path.unlink(missing_ok=True)


def _directory() -> Path:
    """The directory of the cache, made where it is missing. Raises OSError where it is not the user's own."""
    given = os.environ.get("GUIDEPROOF_CACHE")
    caches = Path(os.environ.get("XDG_CACHE_HOME", ""))
    path = Path(given) if given else (caches if caches.is_absolute() else Path.home() / ".cache") / "guideproof"
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    _check_own(path.stat(), path)
    return path


@cache
def _compiler() -> bytes:
    """The hash of the modules that compile a guideline and of the versions of the libraries that they use."""
    digest = hashlib.sha256("\0".join(_versions(_LIBRARIES)).encode())
    for room in _ROOMS:
        for path in sorted((_PACKAGE / room).iterdir()):
            if path.suffix == ".py":
                data = path.read_bytes()
                digest.update(f"{room}/{path.name}\0{len(data)}\0".encode())
                digest.update(data)
    return digest.digest()


def _versions(libraries: Iterable[str]) -> list[str]:
    """The names of the libraries' metadata, which hold their versions; to import what reads it takes far longer."""
    homes = [(name, find_spec(name)) for name in libraries]
    return [path.name for name, spec in homes if spec and spec.origin
            for path in Path(spec.origin).parents[1].iterdir()
            if path.name.startswith(f"{name}-") and path.suffix == ".dist-info"]  # fmt: skip

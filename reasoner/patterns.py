"""Regular expressions of authors, matched by RE2 (https://github.com/google/re2/wiki/Syntax) in linear time.

Python's own engine tries some patterns for longer than anyone waits. What the two read differently is refused.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

import re2

#: The flags of XPath that RE2 has.
_FLAGS = frozenset("ims")
#: A class from which another is taken, or that intersects one: other engines read it, RE2 reads something else.
_CLASS_IN_CLASS = re.compile(r"(?<!\\)\[[^\]]*(?:-\[|&&)")


class PatternError(ValueError):
    """A regular expression that cannot be matched, and why."""


@lru_cache(1000)
def compiled(pattern: str, flags: str = "") -> Any:
    """The pattern, ready to `search` a text. Raises PatternError for one that RE2 does not read, or reads otherwise."""
    if strange := set(flags) - _FLAGS:
        raise PatternError(f"the flag {min(strange)!r} is none of i, m and s")
    if _CLASS_IN_CLASS.search(pattern):
        raise PatternError("a class of characters within another is read by some engines only")
    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(f"(?{flags}){pattern}" if flags else pattern, options=options)
    except re2.error as error:
        told = error.args[0]
        raise PatternError(told.decode(errors="replace") if isinstance(told, bytes) else str(told)) from error

"""A piece of an input file that is read by itself, and what is raised where it cannot be."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Unit:
    """A piece of one input file from `start` up to `stop`: bytes or rows, as the caller reads it."""

    file: str
    start: int
    stop: int


class ScatteredError(Exception):
    """What belongs to one patient stands in several units: the file has to be regrouped first."""

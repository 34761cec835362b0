"""Which documents are cut into pieces, by their syntax."""

from __future__ import annotations

from pathlib import Path

from reasoner.population.ntriples import json_units, turtle_units, xml_units
from reasoner.population.ntriples.pieces import Document


def cut(path: Path, size: int) -> Document | None:
    """A file cut before patients into pieces of about `size` bytes; None where it is read as a whole."""
    return turtle_units.cut(path, size) or xml_units.cut(path, size) or json_units.cut(path, size)

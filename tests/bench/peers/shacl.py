"""pySHACL: the record contract over the records, and nothing else.

It validates; it decides no class. It stands here because `guideproof batch` holds the same records to the same shapes.
"""

from __future__ import annotations

from pathlib import Path

import pyshacl
from rdflib import Graph

from peers import Steps
from reasoner.guideline.guideline import load_guideline
from reasoner.terms import GP


def contract(source: Path, out: Path) -> Steps:
    """Parsing by rdflib, and one run over all patients, who all conform."""
    assert out
    guideline = load_guideline()
    shapes = Graph()
    for graph in guideline.shapes("core", "record"):
        shapes += graph
    words = list(guideline.taxonomy)
    yield None
    records = Graph().parse(source)
    patients = len(set(records.subjects(None, GP.Patient)))
    for triple in words:
        records.add(triple)
    conforms, _, text = pyshacl.validate(records, shacl_graph=shapes, inplace=True)
    if not conforms:
        raise AssertionError(text)
    yield patients

"""The names of results: IRIs that depend on content alone, so that every door gives the same ones.

An assessment is named by the patient, the canonical record, the as-of date, and what the ontologies and shapes of the
guideline contain. What belongs to it is named by it.
"""

from __future__ import annotations

import re

from reasoner.errors import InputError, Problem
from reasoner.guideline.guideline import Guideline
from reasoner.patient.assess import Assessment
from reasoner.records.canonical import content_hash

#: What the IRIs of results begin with, unless another base is given.
BASE = "https://w3id.org/guideproof/result/"

_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s<>\"{}|^`\\]*[/#:]")


def checked_base(base: str) -> str:
    """The base itself. Raises InputError for one that is no absolute IRI, or that nothing can follow."""
    if not _ABSOLUTE.fullmatch(base):
        remedy = "give an absolute IRI that ends in /, # or :, as https://example.org/results/"
        raise InputError(Problem("bad-base", f"{base!r} is no beginning of IRIs", remedy))
    return base


def named(base: str, kind: str, *content: str) -> str:
    """The IRI of something of a kind that has this content, whatever the base is of other results in it."""
    return f"{base}{kind}/{content_hash('|'.join(part.removeprefix(base) for part in content))}"


def assessment_iri(guideline: Guideline, assessment: Assessment, base: str = BASE) -> str:
    """The IRI of an assessment by a guideline."""
    day = assessment.as_of.isoformat()
    return named(base, "assessment", assessment.patient, assessment.record, day, guideline.content.digest)


def record_iri(assessment: Assessment, base: str = BASE) -> str:
    """The IRI of the record of that content."""
    return f"{base}record/{assessment.record}"


def guideline_iri(guideline: Guideline, base: str = BASE) -> str:
    """The IRI of what the ontologies and shapes of a guideline contain."""
    return f"{base}guideline/{guideline.content.digest}"


def node_iri(assessment: Assessment, node: str, base: str = BASE) -> str:
    """A node of the record; a blank node by its canonical label in the record of that content."""
    return f"{base}node/{assessment.record}/{node[2:]}" if node.startswith("_:") else node

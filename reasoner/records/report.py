"""One run of a SHACL engine over records and what shapes see besides them: https://www.w3.org/TR/shacl/."""

from __future__ import annotations

import threading

from rdflib import RDFS, SH, Graph
from rdflib.term import Node

from reasoner.errors import GuidelineError, Problem
from reasoner.terms import GP

#: pySHACL and rdflib's SPARQL parser are for one thread at a time.
ONE_AT_A_TIME = threading.Lock()

#: What a shape says to readers; the engine is faster without.
_FOR_READERS = frozenset({RDFS.label, SH.message, SH.order, GP.code, GP.remedy})
_TARGETS = frozenset({SH.targetSubjectsOf, SH.targetObjectsOf, SH.targetClass, SH.targetNode})


def _idle(scene: Graph, shapes: Graph) -> set[Node]:
    """The shapes that can report nothing, for no property of a list that they need occurs."""
    used = set(scene.predicates())
    needs = [(shape, set(shapes.items(need))) for shape, need in shapes.subject_objects(GP.needs)]
    return {shape for shape, properties in needs if properties and properties.isdisjoint(used)}


def report_of(scene: Graph, shapes: Graph) -> Graph:
    """The report of one run of pySHACL. One thread at a time.

    Raises GuidelineError for shapes that cannot be used.
    """
    import pyshacl  # slow to import; needed only here
    from pyshacl.errors import ReportableRuntimeError

    idle = _idle(scene, shapes)
    lean = Graph(bind_namespaces="none")
    for triple in shapes:
        if triple[1] not in _FOR_READERS and not (triple[0] in idle and triple[1] in _TARGETS):
            lean.add(triple)
    try:
        with ONE_AT_A_TIME:
            _, report, text = pyshacl.validate(scene, shacl_graph=lean, inplace=True)
    except (ReportableRuntimeError, RuntimeError, ValueError) as error:
        report, text = None, str(error)
    if isinstance(report, Graph):
        return report
    raise GuidelineError(Problem("bad-shapes", f"the shapes cannot be used: {' '.join(text.split())}", "correct them"))

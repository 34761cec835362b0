"""The reference: records validated against the record contract and completed by the guideline's rules, by pySHACL.

The contract is SHACL (W3C Recommendation, 20 July 2017, https://www.w3.org/TR/shacl/) and runs once over all
patients; rules are SHACL Advanced Features, `sh:rule`. Both see the record, the taxonomy of the guideline, and the
as-of date as a triple. What is compiled (`reasoner.records.validate`) answers as this does, and leaves to it whatever
it may refuse.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date

from rdflib import RDF, RDFS, SH, XSD, Graph, Literal
from rdflib.term import Node

from reasoner.errors import GuidelineError, Problem, RecordError
from reasoner.patterns import compiled
from reasoner.rdf import Triple, read_text
from reasoner.records.algebra import ONE_AT_A_TIME
from reasoner.records.conversion import plain_triple, to_nodes
from reasoner.records.observe import Observer
from reasoner.records.record import Records, graph_of, statements
from reasoner.records.reference_faults import FaultReport, RecordFault, ReferenceTerms, UndeclaredTerms, in_order
from reasoner.records.reference_rules import AS_OF, RuleScene, Scene, expand
from reasoner.records.validate import ObservedRecord, observed_record
from reasoner.terms import GP

#: How often a rule runs before it is said never to end.
MAX_PASSES = 50

#: What a shape says to readers. With `sh:order` the engine would report in another order, and of two faults of one
#: statement that are as basic the first is shown.
_FOR_READERS = frozenset({RDFS.label, SH.message, SH.order, GP.code, GP.remedy})

#: For those who observe nothing.
_BLIND = Observer({}, {}, {})


class Reference:
    """Validates, completes and observes records by one guideline, whose shapes are parsed once.

    `taxonomy` is what shapes see of its ontologies, `contract` and `rules` are its shapes graphs. Many threads may use
    it: it changes none of the graphs that it is given.
    """

    def __init__(
        self, taxonomy: Graph, contract: Iterable[Graph], rules: Iterable[Graph], observer: Observer = _BLIND
    ) -> None:
        self._terms, self._observer = ReferenceTerms(taxonomy), observer
        self._contract, self._rules = _merged(contract), _merged(rules)

    def observe(
        self, records: Records, as_of: date
    ) -> tuple[dict[str, ObservedRecord], dict[str, tuple[Problem, ...]]]:
        """What is observed of each patient, and what is wrong with each other one.

        Raises RecordError for what belongs to no patient, and GuidelineError for shapes that cannot be used.
        """
        problems = self.problems_of(records, as_of)
        sound = [patient for patient in records.patients if patient not in problems]
        if problems:
            records = records.only(sound, self._terms.properties)
        if sound:
            records = self.completed(records, as_of)
        nodes, derived = to_nodes(records.graph), frozenset(map(plain_triple, records.derived))
        properties = frozenset(map(str, self._terms.properties))
        observed = {patient: observed_record(nodes, patient, derived, self._observer, properties)
                    for patient in map(str, sound)}  # fmt: skip
        return observed, {str(patient): tuple(found) for patient, found in problems.items()}

    def problems_of(self, records: Records, as_of: date) -> dict[Node, list[Problem]]:
        """What is wrong with each patient's record, as the function `validate`."""
        found = FaultReport(records, self._terms)
        faults = [*UndeclaredTerms(found).faults(), *found.shared()]
        _refuse_strays(found, [*faults, *found.strays()])
        stated = (triple for triple in records.graph if triple[1] != GP.asOf)  # of as-of dates shapes see one
        report = _report_of(Scene(stated, _background(self._terms, as_of)), self._contract)
        faults += [fault for result in report.subjects(RDF.type, SH.ValidationResult)
                   for fault in found.located(report, result, self._contract)]  # fmt: skip
        _refuse_strays(found, faults)
        return found.by_patient(faults)

    def completed(self, records: Records, as_of: date) -> Records:
        """The records with all that the rules give, as the function `derive`."""
        scene = RuleScene(records.graph, _background(self._terms, as_of))
        with ONE_AT_A_TIME:
            expand(scene, self._rules, MAX_PASSES)
        added = frozenset(triple for triple in scene.added if triple[0] != AS_OF)
        return replace(records, graph=scene.records(), derived=records.derived | added)

    def stray_problems(self, data: bytes, source: str, as_of: date) -> Sequence[Problem]:
        """What is wrong with nodes, given as N-Triples, that no patient leads to."""
        try:
            parsed = read_text(data, source, format="nt")
            self.problems_of(Records(graph_of(statements(parsed)), (parsed,), ()), as_of)
        except RecordError as error:
            return error.problems
        return ()


def validate(records: Records, guideline: Graph, shapes: Sequence[Graph], as_of: date) -> dict[Node, list[Problem]]:
    """What is wrong with each patient's record, most basic faults only; patients whose record conforms are left out.

    `guideline` is the graph of all ontologies, `shapes` the record contract. Raises RecordError for what belongs to no
    patient, and GuidelineError for shapes that cannot be used.
    """
    return Reference(guideline, shapes, ()).problems_of(records, as_of)


def derive(records: Records, guideline: Graph, rules: Sequence[Graph], as_of: date) -> Records:
    """The records with all that the SHACL rules give, repeated until they give nothing new; `derived` holds that.

    Raises GuidelineError for rules that cannot be used or that never come to an end.
    """
    return Reference(guideline, (), rules).completed(records, as_of)


def _list_matches(shapes: Graph, scene: Graph) -> None:
    """Write each pattern as the list of the texts in a scene that match it: pySHACL's own engine may never end."""
    patterns = list(shapes.subject_objects(SH.pattern))
    texts = {str(term) for s, _, o in scene for term in (s, o)} if patterns else set()
    for shape, pattern in patterns:
        matcher = compiled(str(pattern), "".join(map(str, shapes.objects(shape, SH.flags))))
        found = "|".join(re.escape(text) for text in sorted(texts) if matcher.search(text))
        shapes.remove((shape, SH.flags, None))
        shapes.set((shape, SH.pattern, Literal(f"\\A(?:{found})\\Z" if found else r"(?!)")))


def _refuse_strays(found: FaultReport, faults: Iterable[RecordFault]) -> None:
    if strays := [found.problem(fault) for fault in faults if fault.node not in found.owners]:
        raise RecordError(*in_order(strays))


def _background(terms: ReferenceTerms, as_of: date) -> list[Triple]:
    """What shapes see besides the record: the guideline's taxonomy and the as-of date."""
    return [*terms.taxonomy, (AS_OF, GP.asOf, Literal(as_of.isoformat(), datatype=XSD.date))]


def _merged(graphs: Iterable[Graph]) -> Graph:
    return graph_of(triple for graph in graphs for triple in graph)


def _report_of(scene: Graph, shapes: Graph) -> Graph:
    """The report of one run of pySHACL. Raises GuidelineError for shapes that cannot be used."""
    import pyshacl  # slow to import; needed only here
    from pyshacl.errors import ReportableRuntimeError

    lean = graph_of(triple for triple in shapes if triple[1] not in _FOR_READERS)
    _list_matches(lean, scene)
    try:
        with ONE_AT_A_TIME:
            _, report, text = pyshacl.validate(scene, shacl_graph=lean, inplace=True)
    except (ReportableRuntimeError, RuntimeError, ValueError) as error:
        report, text = None, str(error)
    if isinstance(report, Graph):
        return report
    raise GuidelineError(Problem("bad-shapes", f"the shapes cannot be used: {' '.join(text.split())}", "correct them"))

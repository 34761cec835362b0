"""Ontologies: whether they compile, within OWL 2 DL by py-horned-owl, consistent and without empty classes by HermiT.

OWL 2 DL is that of the W3C Recommendation OWL 2 Structural Specification (2012), section 3. What compiles is within the
fragment that is decided exactly, without circles, and its shapes too.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rdflib import OWL, RDF, RDFS, Graph, URIRef
from rdflib.collection import Collection
from rdflib.term import Node

from reasoner.errors import EngineError, GuidelineError, Problem
from reasoner.guideline.content import CHECKED, missing_imports
from reasoner.guideline.guideline import Guideline, load_guideline
from reasoner.guideline.read_shapes import compile_shapes
from reasoner.logic.compile import compile_axioms
from reasoner.logic.owl import read_axioms
from reasoner.patient.hermit import Logical
from reasoner.patient.hermit_process import classified, taxonomy_of
from reasoner.workbench.check.codes import check_finding
from reasoner.workbench.check.files import Sources
from reasoner.workbench.check.justification import minimal_axioms
from reasoner.workbench.declared import acceptances, invariants
from reasoner.workbench.finding import Finding
from reasoner.workbench.lookup import reachable

if TYPE_CHECKING:
    from pyhornedowl import PyIndexedOntology

#: How long HermiT may take, in seconds.
TIMEOUT = 120
_IRI = re.compile(r"[a-z]+://[^\s<>\")]+")
_SHOWN = 5


# -- profile --


def check_profile(sources: Sources) -> Iterator[Finding]:
    """What keeps the ontologies, taken as one, from being OWL 2 DL. Raises EngineError without py-horned-owl."""
    try:
        from pyhornedowl.profile import check_profile as check
    except ImportError as error:
        what = "py-horned-owl, which knows the profiles, is not installed"
        raise EngineError(Problem("profile-missing", what, "pip install py-horned-owl")) from error
    for violation in check(as_horned(in_pairs(_one_header(sources.ontology))), "DL").violations:
        yield _violation(sources, violation)


def _one_header(graph: Graph) -> Graph:
    """The ontologies as one, so that what one of them declares counts in the others."""
    one = Graph() + graph
    for header in list(one.subjects(RDF.type, OWL.Ontology)):
        one.remove((header, None, None))
    one.add((URIRef("urn:merged"), RDF.type, OWL.Ontology))
    return one


def in_pairs(graph: Graph) -> Graph:
    """The graph with each list of different terms taken apart: horned-owl drops owl:AllDisjointClasses in silence."""
    for kind, pair in ((OWL.AllDisjointClasses, OWL.disjointWith), (OWL.AllDifferent, OWL.differentFrom)):
        for node in list(graph.subjects(RDF.type, kind)):
            for head in [o for p in (OWL.members, OWL.distinctMembers) for o in graph.objects(node, p)]:
                members = Collection(graph, head)
                for one, other in combinations(list(members), 2):
                    graph.add((one, pair, other))
                members.clear()  # type: ignore[no-untyped-call]
            graph.remove((node, None, None))
        for one, other in list(graph.subject_objects(pair)):
            graph.remove((one, pair, other))
            first, second = sorted((one, other), key=str)
            graph.add((first, pair, second))
    return graph


def as_horned(graph: Graph) -> PyIndexedOntology:
    """The ontology as horned-owl reads it. Raises EngineError for what RDF/XML cannot hold."""
    import pyhornedowl

    ordered = Graph()
    for triple in sorted(graph, key=str):  # of terms of two kinds, it takes the kind that it reads first
        ordered.add(triple)
    try:
        return pyhornedowl.open_ontology_from_string(ordered.serialize(format="xml"), "rdf")
    except ValueError as error:
        what = f"the ontologies cannot be handed to py-horned-owl: {error}"
        raise EngineError(Problem("profile-failed", what, "mend the other findings first")) from error


def _violation(sources: Sources, violation: Any) -> Finding:
    named = str(getattr(violation, "iri", "")) or _first_own(sources, str(getattr(violation, "axiom", "")))
    term = URIRef(named)
    kinds = ", ".join(sorted(sources.name(kind) for kind in sources.ontology.objects(term, RDF.type)))
    what = f"{sources.name(term) or 'an axiom'} {_rule(violation)}{f' (it is declared {kinds})' if kinds else ''}"
    remedy = "use each term as the one kind of thing that it is declared as, and no construct beyond OWL 2 DL"
    return sources.finding("not-owl-dl", what, remedy, _use(sources, term), term=term, about=[term])


def _rule(violation: Any) -> str:
    """The rule that a violation breaks, in words."""
    name = type(violation).__name__
    if name == "UseOfIllegalPunning":
        return "is used as two kinds of things that OWL 2 DL keeps apart"
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name.removeprefix("UseOf")).lower()
    if words.startswith("undeclared "):
        return f"is used as {words.removeprefix('undeclared ')} and not declared as one"
    return f"breaks a rule of OWL 2 DL: {words}"


def _first_own(sources: Sources, axiom: str) -> str:
    """The first term of the ontologies in an axiom as it is printed."""
    known = {str(s) for s in sources.ontology.subjects() if isinstance(s, URIRef)}
    return next((iri for iri in _IRI.findall(axiom) if iri in known), "")


def _use(sources: Sources, term: URIRef) -> Any:
    """Where a term is declared; of one that is not, its first use."""
    if (term, None, None) in sources.ontology:
        return term
    return next(sources.ontology.triples((None, None, term)), next(sources.ontology.triples((None, term, None)), term))


# -- consistency --


def check_consistency(sources: Sources) -> Iterator[Finding]:
    """Whether anything can be as the ontologies say, and which classes cannot have a member.

    Raises EngineError where HermiT fails or takes longer than `TIMEOUT`.
    """
    try:
        empty = unsatisfiable(sources)
    except EngineError as error:
        if "Inconsistent" not in error.problem.what:
            raise
        what = "the ontologies contradict themselves: everything would follow from them"
        remedy = "undo the last change of an individual, of owl:differentFrom or owl:sameAs, or of a disjointness"
        yield sources.finding("inconsistent", what, remedy, _main_header(sources))
        return
    for cls in _roots(sources, empty):
        yield _unsatisfiable(sources, cls, empty)


def unsatisfiable(sources: Sources) -> set[URIRef]:
    """The named classes that HermiT finds empty. Raises EngineError where it fails, and for an inconsistency."""
    graphs = [parsed.graph for parsed in sources.ontologies]
    individuals = {str(s) for s in sources.ontology.subjects(RDF.type, OWL.NamedIndividual)}
    triples = Logical(graphs, individuals).triples
    same = taxonomy_of(classified(triples, time.monotonic() + TIMEOUT)).get(str(OWL.Nothing), set())
    return {URIRef(iri) for iri in same} - {OWL.Nothing}


def _main_header(sources: Sources) -> Node:
    """The header of the guideline's own main ontology: the one with the most statements."""
    own = [parsed for parsed in sources.ontologies if Path(parsed.file).is_relative_to(sources.directory)]
    largest = max(own, key=lambda parsed: len(parsed.lines))
    return next(largest.graph.subjects(RDF.type, OWL.Ontology), URIRef(""))


def _roots(sources: Sources, empty: set[URIRef]) -> list[URIRef]:
    """The empty classes that are not empty merely because their own axioms name another one; else all."""
    roots = [cls for cls in empty if not _named_in(sources, cls) & (empty - {cls})]
    return sorted(roots or empty)


def _named_in(sources: Sources, cls: URIRef) -> set[Node]:
    """The named classes in a class's definition and superclasses."""
    graph = sources.ontology
    start = (o for p in (RDFS.subClassOf, OWL.equivalentClass) for o in graph.objects(cls, p))
    found = reachable(start, lambda node: () if isinstance(node, URIRef) else graph.objects(node))
    return {node for node in found if isinstance(node, URIRef)}


def _unsatisfiable(sources: Sources, cls: URIRef, empty: set[URIRef]) -> Finding:
    what = f"{sources.name(cls)} can have no member: {_reason(sources, cls)}"
    others = sorted(sources.name(other) for other in empty - {cls})
    if others:
        more = f" and {len(others) - _SHOWN} more" if len(others) > _SHOWN else ""
        what += f"; empty too: {', '.join(others[:_SHOWN])}{more}"
    return sources.finding("unsatisfiable-class", what, "change one of these axioms", cls)


def _reason(sources: Sources, cls: URIRef) -> str:
    """The axioms that leave a class empty, each with its file and line."""
    places = []
    for axiom in minimal_axioms(sources, cls):
        file, line = sources.position(axiom.stated)
        subject, predicate, value = axiom.stated
        named = sources.name(subject) if isinstance(subject, URIRef) else "a disjointness"
        other = f" {sources.name(value)}" if isinstance(value, URIRef) else ""
        places.append(f"{named} {sources.name(predicate)}{other} ({file}:{line})")
    return f"without any of these axioms it could: {', '.join(places)}" if places else "its axioms do not agree"


# -- compiling --


#: What the loader refuses and another check finds, on the line where it stands.
_ELSEWHERE = {"unresolved-import", "unknown-statement", "closed-finding", "undefined-class"}


def check_headers(sources: Sources) -> Iterator[Finding]:
    """Each ontology that does not say which one it is: no version can be named, and no term is known as its own."""
    for parsed in sources.without_header():
        what, remedy = "the file has no ontology header", "add <IRI> a owl:Ontology ; owl:versionIRI <IRI/VERSION>"
        yield check_finding(sources.relative(parsed.file), 1, "no-header", what, remedy)


def check_imports(sources: Sources) -> Iterator[Finding]:
    """Each import of an ontology that is not among the files: nothing is ever fetched."""
    for _, s, target in missing_imports(sources.ontologies):
        what = f"the imported ontology {target} is not in the folder ontology/, and nothing is fetched"
        remedy = "put its file into ontology/, correct its IRI, or delete the import"
        yield sources.finding("unresolved-import", what, remedy, (s, OWL.imports, target))


def check_fragment(sources: Sources) -> Iterator[Finding]:
    """What the compiler refuses: one fault of the ontologies at a time, and one of each file of shapes."""
    try:
        rules = compile_axioms(read_axioms(sources.ontologies)).rules
    except GuidelineError as error:
        yield from (sources.of_problem(_renamed(problem)) for problem in error.problems)
        return
    for parsed in sources.shapes:
        if Path(parsed.file).stem in CHECKED:
            try:
                compile_shapes([parsed], rules)
            except GuidelineError as error:
                yield from map(sources.of_problem, error.problems)


def _renamed(problem: Problem) -> Problem:
    """What names a term that nothing declares has one code."""
    if not problem.code.startswith("undeclared-"):
        return problem
    return Problem("undeclared-term", problem.what, problem.remedy, problem.file, problem.line, problem.node)


def check_declarations(sources: Sources) -> Iterator[Finding]:
    """Safety invariants and accepted findings that cannot be read, and shapes that slow every record down.

    Raises EngineError where the guideline cannot be loaded.
    """
    try:
        guideline = load_guideline(sources.directory)
    except GuidelineError as error:
        found = map(sources.of_problem, map(_renamed, error.problems))
        yield from (finding for finding in found if finding.code not in _ELSEWHERE)
        what = "the guideline cannot be loaded before other findings are mended"
        raise EngineError(Problem("not-loaded", what, "mend them first")) from error
    for read in (invariants, acceptances):
        try:
            read(guideline)
        except GuidelineError as error:
            yield from map(sources.of_problem, error.problems)
    yield from _beyond(sources, guideline)


def _beyond(sources: Sources, guideline: Guideline) -> Iterator[Finding]:
    for shape in guideline.content.contract.beyond:
        if not shape.needs:
            what = f"{sources.name(shape.shape)} is beyond what is compiled: the slow engine runs it on every record"
            remedy = "name by gp:needs what must occur in a record before the shape matters"
            yield sources.finding("shape-not-compiled", what, remedy, URIRef(shape.shape))

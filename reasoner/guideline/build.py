"""What is computed from the files of a guideline: its logic, its catalogue, its shapes and rules, all compiled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rdflib import OWL, RDF, RDFS, Graph, URIRef

from reasoner.errors import GuidelineError, Problem
from reasoner.guideline.catalogue import Catalogue
from reasoner.guideline.content import CHECKED, Content, GuidelineFiles, graph_of, merged, missing_imports
from reasoner.guideline.read_catalogue import CatalogueReader, version_of
from reasoner.guideline.read_shapes import compile_shapes
from reasoner.logic.compile import compile_axioms
from reasoner.logic.compiled import Compiled
from reasoner.logic.owl import read_axioms
from reasoner.rdf import Parsed
from reasoner.records.contract import Contract
from reasoner.records.contract_queries import Queries
from reasoner.records.contract_rules import compile_rules
from reasoner.records.contract_shapes import Background
from reasoner.records.contract_shapes import compile_shapes as compile_record_shapes
from reasoner.records.reference_faults import vocabulary
from reasoner.records.unrunnable import all_unrunnable
from reasoner.terms import GP, PREFIXES

#: The shapes that refuse records, and those with rules.
CONTRACT = ("core", "record")
RULES = ("derivation",)

Taxonomy = tuple[tuple[str, str, str], ...]


def content_of(files: GuidelineFiles) -> Content:
    """All that is computed from the files of a guideline.

    Raises GuidelineError for a file that cannot be used, for an import that is not among the files, and for a
    management class without a definition; FragmentError for an axiom or a shape that is not decided exactly.
    """
    parsed = files.parsed_ontologies()
    _check_imports(parsed)
    graph = merged(parsed)
    compiled = compile_axioms(read_axioms(parsed))
    catalogue = CatalogueReader(graph).read()
    _check_definitions(catalogue, compiled, parsed)
    checks = compile_shapes(files.parsed_shapes(*CHECKED), compiled.rules)
    if unrun := all_unrunnable(files.parsed_shapes(*CONTRACT, *RULES), RULES):
        raise GuidelineError(*unrun)
    shapes = {path.stem: part for path in files.shapes for part in files.parsed_shapes(path.stem)}
    versioned = tuple(sorted(version_of(part.graph) for part in (*parsed, *shapes.values())))
    taxonomy = _taxonomy(graph)
    contract = _contract(taxonomy, shapes)
    return Content(compiled, catalogue, _prefixes(parsed), versioned, taxonomy, checks, contract)


def _check_imports(parsed: Sequence[Parsed]) -> None:
    """Raise GuidelineError for an import that is not among the files at hand; nothing is ever fetched."""
    for part, s, target in missing_imports(parsed):
        what = f"the import {target} is not among the guideline's files"
        remedy = "put the ontology into the directory ontology/"
        line = part.line_of(s, OWL.imports, target)
        raise GuidelineError(Problem("unresolved-import", what, remedy, part.file, line, str(s)))


def _contract(taxonomy: Taxonomy, shapes: Mapping[str, Parsed]) -> Contract:
    """The record contract and the rules, compiled as far as they can be."""
    background, words = Background(taxonomy), vocabulary(graph_of(taxonomy))
    asked, ruling = (merged(shapes[name] for name in names if name in shapes) for names in (CONTRACT, RULES))
    checks, counts, beyond = compile_record_shapes(asked, background)
    rules, more = compile_rules(ruling, background, words)
    queries = Queries(asked, background).selects(beyond), Queries(ruling, background).constructs(rules)
    return Contract(words, checks, counts, rules, (*beyond, *more), background.supers(), *queries)


def _check_definitions(catalogue: Catalogue, compiled: Compiled, parsed: Sequence[Parsed]) -> None:
    """Raise GuidelineError for a management class without a definition."""
    for cls in catalogue.management:
        if cls.iri not in compiled.rules:
            node = URIRef(cls.iri)
            home = next(part for part in parsed if (node, RDF.type, None) in part.graph)
            what = "a management class has no definition among classes of patients"
            line = home.line_of(node, RDF.type)
            remedy = "define it by owl:equivalentClass"
            raise GuidelineError(Problem("undefined-class", what, remedy, home.file, line, cls.iri))


def _prefixes(parsed: Sequence[Parsed]) -> dict[str, str]:
    """The canonical prefixes, and those that the ontologies bind to namespaces of their own terms."""
    used = {str(s).rsplit("#", 1)[0] for part in parsed for s in part.graph.subjects(RDF.type, None)}
    found = dict(PREFIXES)
    for part in parsed:
        for prefix, namespace in part.prefixes.items():
            if namespace not in found.values() and namespace.rstrip("#") in used:
                found[prefix] = namespace
    return dict(sorted(found.items()))


def _taxonomy(graph: Graph) -> Taxonomy:
    """The types, the superclasses and superproperties, the domains, ranges and negations of named terms, sorted."""
    predicates = (RDF.type, RDFS.subClassOf, RDFS.subPropertyOf, RDFS.domain, RDFS.range, GP.negates)
    triples = (triple for p in predicates for triple in graph.triples((None, p, None)))
    named = [t for t in triples if isinstance(t[0], URIRef) and isinstance(t[2], URIRef)]
    return tuple(sorted((str(s), str(p), str(o)) for s, p, o in named))

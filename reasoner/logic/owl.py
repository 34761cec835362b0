"""The OWL axioms of a guideline, read from its graphs into class expressions.

Follows the OWL 2 mapping to RDF graphs (https://www.w3.org/TR/owl2-mapping-to-rdf/), for the fragment that
Guideproof decides exactly (`FRAGMENT`). What lies outside is refused by name, file and line, never approximated.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal, InvalidOperation
from itertools import combinations

from msgspec import Struct, field
from rdflib import OWL, RDF, RDFS, XSD, BNode, Literal, URIRef
from rdflib.collection import Collection
from rdflib.term import Node

from reasoner.errors import FragmentError, GuidelineError, Problem
from reasoner.logic.compiled import Origin
from reasoner.logic.expressions import BOTTOM, TOP, And, Expr, HasValue, Name, Not, Or, Some, Threshold
from reasoner.rdf import Parsed
from reasoner.terms import GP, local_name

FRAGMENT = (
    "Boolean combinations of named classes, `P some C`, `P value i` and `q some xsd:decimal[facet]`; restrictions "
    "nested only under functional properties; subclass, equivalence, disjointness and union axioms; functional "
    "properties, subproperties, domains and ranges that name a class; owl:AllDifferent"
)


class Inclusion(Struct, frozen=True):
    """`sub` is subsumed by `sup`."""

    sub: Expr
    sup: Expr
    origin: Origin


class Property(Struct):
    """What the axioms say of one property."""

    iri: str
    origin: Origin
    data: bool = False
    functional: bool = False
    supers: list[str] = field(default_factory=list)
    domains: list[str] = field(default_factory=list)
    ranges: list[str] = field(default_factory=list)


class Axioms(Struct):
    """The logical content of a guideline's ontologies.

    `definitions` are the first equivalence of each class, `inclusions` all other axioms between classes, `different`
    the pairs of individuals that differ (as all other axioms, by where they stand), and `populated` the classes that
    have a named member.
    """

    classes: dict[str, Origin] = field(default_factory=dict)
    properties: dict[str, Property] = field(default_factory=dict)
    definitions: dict[str, tuple[Expr, Origin]] = field(default_factory=dict)
    inclusions: list[Inclusion] = field(default_factory=list)
    different: dict[frozenset[str], Origin] = field(default_factory=dict)
    populated: set[str] = field(default_factory=set)

    def with_supers(self, props: Iterable[str]) -> list[str]:
        """Some properties and all those above them, in the order of their IRIs."""
        found, new = set[str](), set(props) & self.properties.keys()
        while new:
            found |= new
            new = {sup for prop in new for sup in self.properties[prop].supers} & self.properties.keys() - found
        return sorted(found)

    def ranges_of(self, prop: str) -> list[str]:
        """The classes that every filler of a property is in, by its own ranges and by those of properties above it."""
        return sorted({iri for above in self.with_supers([prop]) for iri in self.properties[above].ranges})

    def domains_of(self, prop: str) -> set[str]:
        """The domains of a property and of those above it."""
        return {iri for above in self.with_supers([prop]) for iri in self.properties[above].domains}


_FACETS = {XSD.minInclusive: ">=", XSD.minExclusive: ">", XSD.maxInclusive: "<=", XSD.maxExclusive: "<"}
_KNOWN_TYPES = {
    OWL.Ontology, OWL.Class, OWL.Restriction, OWL.ObjectProperty, OWL.DatatypeProperty, OWL.AnnotationProperty,
    OWL.FunctionalProperty, OWL.NamedIndividual, OWL.AllDifferent, OWL.AllDisjointClasses, OWL.Axiom,
    RDFS.Datatype,
}  # fmt: skip
_KNOWN_PREDICATES = {
    OWL.versionIRI, OWL.versionInfo, OWL.imports, OWL.priorVersion, OWL.backwardCompatibleWith, OWL.incompatibleWith,
    OWL.deprecated, OWL.equivalentClass, OWL.disjointWith, OWL.disjointUnionOf, OWL.complementOf, OWL.unionOf,
    OWL.intersectionOf, OWL.onProperty, OWL.someValuesFrom, OWL.hasValue, OWL.onDatatype, OWL.withRestrictions,
    OWL.members, OWL.distinctMembers, OWL.differentFrom, OWL.annotatedSource, OWL.annotatedProperty,
    OWL.annotatedTarget, RDFS.subClassOf, RDFS.subPropertyOf, RDFS.domain, RDFS.range, RDFS.label, RDFS.comment,
    RDFS.seeAlso, RDFS.isDefinedBy,
}  # fmt: skip


def read_axioms(ontologies: Iterable[Parsed]) -> Axioms:
    """The axioms of all `ontologies`.

    Raises FragmentError for a construct outside `FRAGMENT`, GuidelineError for a malformed one.
    """
    axioms = Axioms()
    readers = [_AxiomReader(parsed, axioms) for parsed in ontologies]
    for reader in readers:
        reader.refuse_unknown()
        reader.declarations()
    for reader in readers:
        reader.class_axioms()
        reader.property_axioms()
        reader.individual_axioms()
    return axioms


class _AxiomReader:
    """Reads one ontology file into the shared axioms; `owner` is the subject of the axiom that is being read."""

    def __init__(self, parsed: Parsed, axioms: Axioms) -> None:
        self.parsed, self.graph, self.axioms = parsed, parsed.graph, axioms
        self.owner: Node | None = None

    # -- errors --

    def origin(self, subject: Node, predicate: Node | None = None, obj: Node | None = None) -> Origin:
        """Where an axiom stands, filed under its subject."""
        term = str(subject) if isinstance(subject, URIRef) else self._first_name(subject)
        return Origin(term, self.parsed.file, self.parsed.line_of(subject, predicate, obj))

    def _first_name(self, subject: Node) -> str:
        """The first named class below a blank node: an axiom without a name is filed under it."""
        visited: set[Node] = set()
        queue = [subject]
        while queue:
            node = queue.pop(0)
            if isinstance(node, URIRef) and node in self.axioms.classes:
                return str(node)
            if isinstance(node, BNode) and node not in visited:
                visited.add(node)
                queue.extend(sorted(self.graph.objects(node), key=str))
        return str(subject)

    def refuse(self, subject: Node, what: str, remedy: str, code: str = "outside-fragment") -> FragmentError:
        """The error about a node, which names the subject in whose axiom it stands, and the line."""
        where = self.owner if self.owner is not None else subject
        line = self.parsed.line_of(subject, None, None) or self.parsed.line_of(where, None, None)
        return FragmentError(Problem(code, what, remedy, self.parsed.file, line, str(where)))

    def refuse_unknown(self) -> None:
        """Refuse every OWL or RDFS term with a logical meaning that the fragment does not have."""
        for s, p, o in self.graph:
            name = o if p == RDF.type and str(o).startswith(str(OWL)) and o not in _KNOWN_TYPES else None
            if str(p).startswith((str(OWL), str(RDFS))) and p not in _KNOWN_PREDICATES:
                name = p
            if name is not None:
                self.owner = s if isinstance(s, URIRef) else self._owner_of(s)
                what = f"{local_name(str(name))} is outside the fragment that is decided exactly"
                raise self.refuse(s, what, f"express the axiom within: {FRAGMENT}")

    def _owner_of(self, node: Node) -> Node:
        """The named subject in whose axiom a blank node stands."""
        visited = {node}
        while isinstance(node, BNode):
            above = next((s for s in self.graph.subjects(None, node) if s not in visited), None)
            if above is None:
                return node
            visited.add(above)
            node = above
        return node

    def _typed(self, kind: Node) -> list[Node]:
        """The subjects of a type, in the order of the file."""
        found = self.graph.subjects(RDF.type, kind)
        return sorted(found, key=lambda s: (self.parsed.line_of(s, RDF.type, kind) or 0, str(s)))

    # -- declarations --

    def declarations(self) -> None:
        """Read the classes and properties, which axioms in any file may use."""
        for cls in self._typed(OWL.Class):
            if isinstance(cls, URIRef):
                self.axioms.classes.setdefault(str(cls), self.origin(cls, RDF.type, OWL.Class))
        for kind, data in ((OWL.ObjectProperty, False), (OWL.DatatypeProperty, True)):
            for prop in self._typed(kind):
                iri = str(prop)
                self.axioms.properties.setdefault(iri, Property(iri, self.origin(prop, RDF.type, kind), data))

    # -- class axioms --

    def class_axioms(self) -> None:
        """Read definitions, inclusions and disjointness. Raises FragmentError for what lies outside the fragment."""
        self._equivalences()
        for s, o in self._pairs(RDFS.subClassOf):
            self._include(self.expression(s), self.expression(o), self.origin(s, RDFS.subClassOf, o))
        self._disjointness()

    def _equivalences(self) -> None:
        for s, o in self._pairs(OWL.equivalentClass):
            self._equivalence(s, self.expression(o), self.origin(s, OWL.equivalentClass, o))
        for predicate in (OWL.unionOf, OWL.intersectionOf, OWL.complementOf):
            for s, _ in self._pairs(predicate):
                if isinstance(s, URIRef):
                    self._equivalence(s, self._boolean(s), self.origin(s, predicate))

    def _disjointness(self) -> None:
        for s, o in self._pairs(OWL.disjointWith):
            self._disjoint([self.expression(s), self.expression(o)], self.origin(s, OWL.disjointWith, o))
        for s, o in self._pairs(OWL.disjointUnionOf):
            parts, origin = self._list(o), self.origin(s, OWL.disjointUnionOf, o)
            self._equivalence(s, Or(tuple(parts)), origin)
            self._disjoint(parts, origin)
        for s in self._typed(OWL.AllDisjointClasses):
            self.owner = s
            for members in self.graph.objects(s, OWL.members):
                self._disjoint(self._list(members), self.origin(s))

    def _pairs(self, predicate: URIRef) -> Iterator[tuple[Node, Node]]:
        found = list(self.graph.subject_objects(predicate))
        for s, o in sorted(found, key=lambda so: (self.parsed.line_of(so[0], predicate, so[1]) or 0, str(so[0]))):
            self.owner = s
            yield s, o

    def _equivalence(self, subject: Node, expr: Expr, origin: Origin) -> None:
        """The definition of a name that has none yet; otherwise two inclusions."""
        if isinstance(subject, URIRef) and str(subject) not in self.axioms.definitions:
            self.axioms.definitions[str(subject)] = (expr, origin)
            return
        left = self.expression(subject)
        self._include(left, expr, origin)
        self._include(expr, left, origin)

    def _include(self, sub: Expr, sup: Expr, origin: Origin) -> None:
        self.axioms.inclusions.append(Inclusion(sub, sup, origin))

    def _disjoint(self, parts: list[Expr], origin: Origin) -> None:
        for pair in combinations(parts, 2):
            self._include(And(pair), BOTTOM, origin)

    # -- class expressions --

    def expression(self, node: Node) -> Expr:
        """The class expression that `node` stands for."""
        if isinstance(node, URIRef):
            return self._named(node)
        if not isinstance(node, BNode):
            raise self.refuse(node, f"the literal {node.n3()} stands where a class belongs", "name a class")
        if (node, OWL.onProperty, None) in self.graph:
            return self._restriction(node)
        return self._boolean(node)

    def _named(self, node: URIRef) -> Expr:
        if node in (OWL.Thing, OWL.Nothing):
            return TOP if node == OWL.Thing else BOTTOM
        if str(node) not in self.axioms.classes:
            what = f"the class {node} is used and not declared"
            raise self.refuse(node, what, "declare it as an owl:Class, or mend the name", "undeclared-class")
        return Name(str(node))

    def _boolean(self, node: Node) -> Expr:
        for predicate, build in ((OWL.intersectionOf, And), (OWL.unionOf, Or)):
            members = self.graph.value(node, predicate)
            if members is not None:
                return build(tuple(self._list(members)))
        part = self.graph.value(node, OWL.complementOf)
        if part is None:
            raise self.refuse(node, "a class expression of an unknown form", f"write it within: {FRAGMENT}")
        return Not(self.expression(part))

    def _list(self, node: Node) -> list[Expr]:
        return [self.expression(member) for member in Collection(self.graph, node)]

    def _restriction(self, node: Node) -> Expr:
        prop = self.graph.value(node, OWL.onProperty)
        declared = self._property(prop, node, "used in a restriction and not declared")
        value, filler = self.graph.value(node, OWL.hasValue), self.graph.value(node, OWL.someValuesFrom)
        if isinstance(value, URIRef) and not declared.data:
            return HasValue(declared.iri, str(value))
        if filler is None:
            raise self.refuse(node, f"a restriction on {prop} of an unknown form", f"write it within: {FRAGMENT}")
        if declared.data:
            return self._threshold(node, declared.iri, filler)
        return Some(declared.iri, self.expression(filler))

    def _threshold(self, node: Node, prop: str, filler: Node) -> Expr:
        if filler == XSD.decimal:
            return Threshold(prop, ())
        facets = self.graph.value(filler, OWL.withRestrictions)
        if self.graph.value(filler, OWL.onDatatype) != XSD.decimal or facets is None:
            what = f"the values of {prop} are restricted by other than xsd:decimal facets"
            remedy = "restrict xsd:decimal by minInclusive, minExclusive, maxInclusive or maxExclusive"
            raise self.refuse(node, what, remedy)
        pairs = [pair for facet in Collection(self.graph, facets) for pair in self.graph.predicate_objects(facet)]
        return Threshold(prop, tuple(self._facet(node, p, o) for p, o in pairs))

    def _facet(self, node: Node, facet: Node, bound: Node) -> tuple[str, Decimal]:
        if facet not in _FACETS or not isinstance(bound, Literal) or bound.datatype not in (XSD.decimal, XSD.integer):
            raise self.refuse(node, f"the facet {local_name(str(facet))} {bound.n3()} is none of xsd:decimal's order",
                              "give a bound of datatype xsd:decimal")  # fmt: skip
        try:
            return _FACETS[URIRef(str(facet))], Decimal(str(bound))
        except InvalidOperation as error:
            raise self.refuse(node, f"{bound.n3()} is no decimal", "write the bound as a decimal") from error

    # -- property and individual axioms --

    def property_axioms(self) -> None:
        """Read functionality, superproperties, domains and ranges. Raises FragmentError."""
        for prop in self._typed(OWL.FunctionalProperty):
            self._property(prop, prop).functional = True
        for predicate, name in ((RDFS.subPropertyOf, "supers"), (RDFS.domain, "domains"), (RDFS.range, "ranges")):
            for s, o in self._pairs(predicate):
                if str(s) in self.axioms.properties:
                    self._attach(self.axioms.properties[str(s)], name, o, s)

    def _property(self, prop: Node | None, where: Node, problem: str = "used and not declared") -> Property:
        if str(prop) not in self.axioms.properties:
            what, remedy = f"the property {prop} is {problem}", "declare it as an object or datatype property"
            raise self.refuse(where, what, remedy, "undeclared-property")
        return self.axioms.properties[str(prop)]

    def _attach(self, prop: Property, name: str, value: Node, subject: Node) -> None:
        datatype = prop.data and name == "ranges"
        if datatype and value != XSD.decimal:
            raise self.refuse(subject, f"the range of {subject} is not xsd:decimal", "use xsd:decimal for quantities")
        if not isinstance(value, URIRef):
            raise self.refuse(subject, f"a {name[:-1]} of {subject} is not a named term", "name it")
        if name != "supers" and not datatype and value != OWL.Thing:
            self._named(value)
        if not datatype and value not in (OWL.Thing, OWL.topObjectProperty):
            getattr(prop, name).append(str(value))

    def individual_axioms(self) -> None:
        """Read which individuals differ and which classes have members. Raises GuidelineError for a patient's facts."""
        for s in self._typed(OWL.AllDifferent):
            self.owner = s
            for predicate in (OWL.distinctMembers, OWL.members):
                for members in self.graph.objects(s, predicate):
                    names = [str(member) for member in Collection(self.graph, members)]
                    self.axioms.different |= dict.fromkeys(map(frozenset, combinations(names, 2)), self.origin(s))
        for s, o in self.graph.subject_objects(OWL.differentFrom):
            self.axioms.different[frozenset((str(s), str(o)))] = self.origin(s, OWL.differentFrom, o)
        named = [s for s, _ in self.graph.subject_objects(RDF.type) if isinstance(s, URIRef)]
        individuals = {s for s in named if str(s) not in self.axioms.classes and str(s) not in self.axioms.properties}
        self.axioms.populated |= {str(o) for s in individuals for o in self.graph.objects(s, RDF.type)}
        self._refuse_facts()

    def _refuse_facts(self) -> None:
        """Refuse assertions about patients: they belong in a record."""
        for patient in self.graph.subjects(RDF.type, GP.Patient):
            raise GuidelineError(
                Problem("patient-in-ontology", "an ontology states facts of a patient", "move them into a record",
                        self.parsed.file, self.parsed.line_of(patient, None, None), str(patient))
            )  # fmt: skip

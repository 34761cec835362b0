"""Which record shapes can be tested without a SHACL engine, and as what tests: https://www.w3.org/TR/shacl/.

In the fragment: targets by class, subjects and objects; a property as path; the constraints on kind, datatype, class,
range, pattern, listed values and counts; `sh:and`, `sh:or`, `sh:not`; and nested shapes whose path goes up the
taxonomy, which no record changes. A test may refuse what its shape accepts, where the shape is not negated or counted;
it never accepts what the shape refuses.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal

from rdflib import OWL, RDF, RDFS, SH, BNode, Graph, Literal, URIRef
from rdflib.term import Node, XSDToPython

from reasoner.patterns import compiled
from reasoner.records.contract import (
    NUMBERS,
    WELL_FORMED,
    All,
    Among,
    AnyOf,
    Between,
    Beyond,
    CountShape,
    Fails,
    InClass,
    Matches,
    OfDatatype,
    OfKind,
    Target,
    Test,
    ValueShape,
)
from reasoner.terms import GP

_TARGETS: dict[Node, str] = {SH.targetClass: "class", SH.targetSubjectsOf: "subjects", SH.targetObjectsOf: "objects"}
_KINDS: dict[Node, tuple[str, ...]] = {
    SH.IRI: ("iri",),
    SH.BlankNode: ("blank",),
    SH.Literal: ("literal",),
    SH.BlankNodeOrIRI: ("blank", "iri"),
    SH.BlankNodeOrLiteral: ("blank", "literal"),
    SH.IRIOrLiteral: ("iri", "literal"),
}
_DESCRIBING = {
    SH.path,
    SH.severity,
    SH.message,
    SH.order,
    SH.name,
    SH.description,
    SH.group,
    SH.defaultValue,
    *_TARGETS,
}
_COUNTED = {SH.minCount, SH.maxCount, SH.qualifiedValueShape, SH.qualifiedMinCount, SH.qualifiedMaxCount}
_CLOSURES: dict[Node, bool] = {SH.zeroOrMorePath: True, SH.oneOrMorePath: False}


class BeyondError(Exception):
    """What stands here lies outside the fragment."""


class Background:
    """What shapes see of the guideline besides each record: types, and what is below what."""

    def __init__(self, taxonomy: Iterable[tuple[str, str, str]]) -> None:
        self.types: dict[str, set[str]] = defaultdict(set)
        self._direct: dict[str, dict[str, set[str]]] = {str(RDFS.subClassOf): {}, str(RDFS.subPropertyOf): {}}
        self.universe: set[str] = set()
        self.predicates = {str(RDF.type), *self._direct, str(GP.asOf)}
        for s, p, o in taxonomy:
            if p == str(RDF.type):
                self.types[s].add(o)
            elif p in self._direct:
                self._direct[p].setdefault(s, set()).add(o)
            if p in self.predicates:
                self.universe |= {s, o}
        kinds = {kind for kinds in self.types.values() for kind in kinds}
        self.kinds = kinds.union(*(self.above(kind) for kind in kinds))

    def above(self, term: str, relation: str = str(RDFS.subClassOf)) -> set[str]:
        """All above a term; itself only where it stands above itself."""
        found: set[str] = set()
        reached = [term]
        for one in reached:
            new = self._direct[relation].get(one, set()) - found
            found |= new
            reached += new
        return found

    def below(self, top: str, relation: str = str(RDFS.subClassOf)) -> tuple[str, ...]:
        """A term and all below it, sorted."""
        return tuple(sorted({top} | {term for term in self._direct[relation] if top in self.above(term, relation)}))

    def members(self, classes: Iterable[str]) -> tuple[str, ...]:
        """What the guideline types with one of these classes, sorted."""
        wanted = set(classes)
        return tuple(sorted(term for term, kinds in self.types.items() if not wanted.isdisjoint(kinds)))

    def supers(self) -> dict[str, tuple[str, ...]]:
        """For each class and property those above it, itself left out."""
        found = {term: {o for relation in self._direct for o in self.above(term, relation)} - {term}
                 for term in sorted(self.universe)}  # fmt: skip
        return {term: tuple(sorted(above)) for term, above in found.items() if above}


def needs_of(graph: Graph, shape: Node, lists_only: bool) -> Iterator[tuple[str, ...]]:
    """The sets of terms of which a shape says, by `gp:needs`, that it cannot do without one of each."""
    for need in graph.objects(shape, GP.needs):
        members = sorted(str(term) for term in graph.items(need))
        if members or not lists_only:
            yield tuple(members) or (str(need),)


def compile_shapes(
    graph: Graph, background: Background
) -> tuple[tuple[ValueShape, ...], tuple[CountShape, ...], tuple[Beyond, ...]]:
    """The shapes of the record contract as tests of values, as counts, and those outside the fragment."""
    compiler = _ShapeCompiler(graph, background)
    for shape in sorted(_shapes(graph), key=str):
        compiler.add(shape)
    return tuple(compiler.checks), tuple(compiler.counts), tuple(compiler.beyond)


def _shapes(graph: Graph) -> set[Node]:
    """The shapes that look at nodes by themselves; one for all that is not core SHACL."""
    targeted = {s for p in (*_TARGETS, SH.targetNode, SH.target) for s in graph.subjects(p)}
    shapes = {s for kind in (SH.NodeShape, SH.PropertyShape) for s in graph.subjects(RDF.type, kind)}
    implicit = {s for kind in (OWL.Class, RDFS.Class) for s in graph.subjects(RDF.type, kind)} & shapes
    custom = set(graph.subjects(RDF.type, SH.ConstraintComponent)) | set(graph.subjects(SH.parameter))
    return targeted | implicit | custom


class _ShapeCompiler:
    def __init__(self, graph: Graph, background: Background) -> None:
        self.graph, self.background = graph, background
        self.checks: list[ValueShape] = []
        self.counts: list[CountShape] = []
        self.beyond: list[Beyond] = []

    def add(self, shape: Node) -> None:
        """Compile one shape, wholly or not at all."""
        targets = self._targets(shape)
        try:
            if targets is None:
                raise BeyondError
            checks, counts = self._parts(shape, targets)
        except BeyondError:
            self.beyond.append(Beyond(str(shape), self._needs(shape, targets)))
        else:
            self.checks += checks
            self.counts += counts

    def _targets(self, shape: Node) -> tuple[Target, ...] | None:
        """The targets of a shape; None where they are others, or hold what belongs to no record."""
        found = []
        for p, kind in _TARGETS.items():
            for term in sorted(self.graph.objects(shape, p), key=str):
                found.append(Target(kind, self.background.below(str(term)) if kind == "class" else (str(term),)))
        shared = self.background.kinds | self.background.predicates
        whole = all(isinstance(o, URIRef) for p in _TARGETS for o in self.graph.objects(shape, p))
        return tuple(found) if found and whole and shared.isdisjoint(i for t in found for i in t.iris) else None

    def _needs(self, shape: Node, targets: tuple[Target, ...] | None) -> tuple[tuple[str, ...], ...]:
        needs = [need for need in needs_of(self.graph, shape, lists_only=True)
                 if self.background.predicates.isdisjoint(need)]  # fmt: skip
        if targets:
            needs.append(tuple(sorted({iri for target in targets for iri in target.iris})))
        return tuple(sorted(needs))

    def _parts(self, shape: Node, targets: tuple[Target, ...]) -> tuple[list[ValueShape], list[CountShape]]:
        """What a shape asks of the nodes of its targets."""
        path, checks, counts = self._path(shape), [], []
        if path or (shape, SH.path, None) not in self.graph:
            test = self._test(shape, at_node=not path)
            if test != All(()):
                checks.append(ValueShape(str(shape), targets, path, test))
            counts += [CountShape(str(shape), targets, path, *count) for count in self._counts(shape)] if path else []
        else:
            checks.append(ValueShape(str(shape), targets, "", self._upwards(shape)))
        for nested in self._nested(shape, path):
            more_checks, more_counts = self._parts(nested, targets)
            checks, counts = checks + more_checks, counts + more_counts
        return checks, counts

    def _nested(self, shape: Node, path: str) -> list[Node]:
        """The property shapes of a node shape."""
        nested = sorted(self.graph.objects(shape, SH.property), key=str)
        if nested and (path or any((one, SH.path, None) not in self.graph for one in nested)):
            raise BeyondError
        return nested

    def _path(self, shape: Node) -> str:
        """The one property that is the path; '' where there is none, or another path."""
        paths = list(self.graph.objects(shape, SH.path))
        return str(paths[0]) if len(paths) == 1 and isinstance(paths[0], URIRef) else ""

    # -- tests of values --

    def _test(self, shape: Node, at_node: bool) -> Test:
        """All that a shape asks of each value."""
        parts: list[Test] = []
        for p, o in sorted(set(self.graph.predicate_objects(shape))):
            if not str(p).startswith(str(SH)) or p in _DESCRIBING or (p == SH.property and at_node):
                continue
            if p in _COUNTED and not at_node:
                continue
            if p == SH.hasValue and not at_node:
                continue
            parts.append(self._constraint(p, o))
        return parts[0] if len(parts) == 1 else All(tuple(parts))

    def _constraint(self, p: Node, o: Node) -> Test:
        build: dict[Node, Callable[[Node], Test]] = {
            SH.nodeKind: self._kind,
            SH.datatype: self._datatype,
            SH["class"]: self._class,
            SH.pattern: self._pattern,
            SH.hasValue: lambda o: Among((self._iri(o),)),
            SH["in"]: lambda o: Among(tuple(self._iri(member) for member in self.graph.items(o))),
            SH["and"]: lambda o: All(tuple(self._shape(member) for member in self.graph.items(o))),
            SH["or"]: lambda o: AnyOf(tuple(self._shape(member) for member in self.graph.items(o))),
            SH["not"]: lambda o: Fails(exact(self._shape(o))),
            SH.node: self._shape,
            SH.minInclusive: lambda o: Between(self._number(o), False, None, False),
            SH.minExclusive: lambda o: Between(self._number(o), True, None, False),
            SH.maxInclusive: lambda o: Between(None, False, self._number(o), False),
            SH.maxExclusive: lambda o: Between(None, False, self._number(o), True),
        }
        if p not in build:
            raise BeyondError
        return build[p](o)

    def _shape(self, shape: Node) -> Test:
        """A nested shape as a test of the value that it looks at."""
        if (shape, SH.path, None) in self.graph:
            return self._upwards(shape)
        if (shape, SH.property, None) in self.graph:
            raise BeyondError
        return self._test(shape, at_node=True)

    def _kind(self, o: Node) -> Test:
        if o not in _KINDS:
            raise BeyondError
        return OfKind(_KINDS[o])

    def _datatype(self, o: Node) -> Test:
        datatype = self._iri(o)
        recognised = URIRef(datatype) in XSDToPython and XSDToPython[URIRef(datatype)] is not None
        if (recognised and datatype not in WELL_FORMED) or datatype in (str(RDFS.Literal), str(RDFS.Datatype)):
            raise BeyondError
        return OfDatatype(datatype)

    def _class(self, o: Node) -> Test:
        classes = self.background.below(self._iri(o))
        return InClass(classes, self.background.members(classes))

    def _pattern(self, o: Node) -> Test:
        compiled(str(o))
        return Matches(str(o))

    def _number(self, o: Node) -> Decimal:
        if isinstance(o, Literal) and str(o.datatype) in NUMBERS and WELL_FORMED[str(o.datatype)](str(o)):
            return NUMBERS[str(o.datatype)](str(o))
        raise BeyondError

    def _iri(self, o: Node) -> str:
        if isinstance(o, URIRef):
            return str(o)
        raise BeyondError

    # -- counts --

    def _counts(self, shape: Node) -> Iterator[tuple[Test, int, int | None]]:
        """What a shape asks of the number of values: of which values, how many at least, how many at most."""
        low, high = self._limit(shape, SH.minCount), self._limit(shape, SH.maxCount)
        if low is not None or high is not None:
            yield All(()), low or 0, high
        for value in self.graph.objects(shape, SH.hasValue):
            yield Among((self._iri(value),)), 1, None
        qualified = list(self.graph.objects(shape, SH.qualifiedValueShape))
        low, high = self._limit(shape, SH.qualifiedMinCount), self._limit(shape, SH.qualifiedMaxCount)
        if len(qualified) > 1:
            raise BeyondError
        if qualified:
            test = self._shape(qualified[0])
            yield test if high is None else exact(test), low or 0, high

    def _limit(self, shape: Node, p: URIRef) -> int | None:
        found = list(self.graph.objects(shape, p))
        if len(found) > 1 or any(not isinstance(o, Literal) or type(o.value) is not int for o in found):
            raise BeyondError
        return int(str(found[0])) if found else None

    # -- shapes that look up the taxonomy --

    def _upwards(self, shape: Node) -> Test:
        """A shape whose path goes up the taxonomy: no record changes what it finds, so its verdicts are listed."""
        relation, itself = self._closure(shape)
        asked = {p for p in self.graph.predicates(shape) if str(p).startswith(str(SH))} - _DESCRIBING
        if not asked <= {SH.minCount, SH.maxCount, SH.hasValue}:
            raise BeyondError
        wanted = {self._iri(o) for o in self.graph.objects(shape, SH.hasValue)}
        low, high = self._limit(shape, SH.minCount) or 0, self._limit(shape, SH.maxCount)

        def conforms(term: str) -> bool:
            found = self.background.above(term, relation) | ({term} if itself else set())
            return wanted <= found and low <= len(found) and (high is None or len(found) <= high)

        terms = sorted(self.background.universe | wanted)
        if conforms(""):  # what the guideline does not know
            return Fails(Among(tuple(term for term in terms if not conforms(term))))
        return Among(tuple(term for term in terms if conforms(term)))

    def _closure(self, shape: Node) -> tuple[str, bool]:
        """The relation of a path of the taxonomy, and whether the term itself is among what it finds."""
        paths = list(self.graph.objects(shape, SH.path))
        steps = list(self.graph.predicate_objects(paths[0])) if len(paths) == 1 and isinstance(paths[0], BNode) else []
        if len(steps) == 1 and steps[0][0] in _CLOSURES and steps[0][1] in (RDFS.subClassOf, RDFS.subPropertyOf):
            return str(steps[0][1]), _CLOSURES[steps[0][0]]
        raise BeyondError


def exact(test: Test) -> Test:
    """The same test, where it accepts all that its shape accepts; for what is negated or counted."""
    match test:
        case OfDatatype() | Between():
            raise BeyondError
        case All(parts) | AnyOf(parts):
            for part in parts:
                exact(part)
        case _:
            pass
    return test

"""The reference engine: the same questions, answered by HermiT from the ontology's own axioms.

Nothing here knows the compiler. What a record says of a patient becomes an OWL class expression, its *profile*, and
HermiT (B. Glimm et al., HermiT: an OWL 2 reasoner, J. Autom. Reasoning 53, 2014) classifies a name placed below it:
subsumed by a class, the class is entailed; by the class's complement, it is excluded; by owl:Nothing, the record
contradicts itself. HermiT is run by its command line, in a process of its own, on N-Triples.
"""

from __future__ import annotations

import os
import time
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from itertools import chain, combinations, count

from rdflib import OWL, RDF, RDFS, XSD, BNode, Graph, Literal, URIRef
from rdflib.collection import Collection as RdfList
from rdflib.term import Node

from reasoner.logic.decide import State
from reasoner.logic.facts import Observation
from reasoner.patient.hermit_process import Triple, classified, failed, taxonomy_of
from reasoner.terms import GP

Profile = tuple[Observation, ...]
Question = str | Observation
States = Mapping[Question, State]

_OWN = "urn:guideproof:reference:"
_BATCH = 500
_VOCABULARIES = (str(OWL), str(RDF), str(RDFS), str(XSD))
_ANNOTATIONS = {
    OWL.imports, OWL.versionIRI, OWL.versionInfo, OWL.priorVersion, OWL.backwardCompatibleWith, OWL.incompatibleWith,
    OWL.deprecated, OWL.annotatedSource, OWL.annotatedProperty, OWL.annotatedTarget, RDFS.label, RDFS.comment,
    RDFS.seeAlso, RDFS.isDefinedBy,
}  # fmt: skip
_NO_AXIOM = {OWL.Ontology, OWL.Axiom, OWL.Annotation, OWL.AnnotationProperty, OWL.OntologyProperty}
_OPEN: dict[Node, URIRef] = {XSD.minInclusive: XSD.maxExclusive, XSD.maxInclusive: XSD.minExclusive}


def decide_profiles(
    ontologies: Sequence[Graph],
    profiles: Sequence[Sequence[Observation]],
    classes: Sequence[str],
    closable: Sequence[str],
    *,
    timeout: float,
) -> list[Mapping[str, State] | None]:
    """The state of each of `classes` for each profile; None for a profile that contradicts itself.

    Acts in the classes `closable` are assumed absent where a profile leaves them open and nothing forbids it.
    Raises EngineError where Java or HermiT fails, or takes longer than `timeout` seconds in all.
    """
    own = [tuple(dict.fromkeys(profile)) for profile in profiles]
    ontology = Logical(ontologies, {one.target for profile in own for one in profile if one.kind == "value"})
    absences = ontology.absences(closable)
    hermit = _Hermit(ontology, [*classes, *absences], time.monotonic() + timeout)
    answers = _closed(hermit, own, absences)
    return [None if answer is None else {iri: answer[iri] for iri in classes} for answer in answers]


def _closed(hermit: _Hermit, profiles: Sequence[Profile], absences: Profile) -> list[States | None]:
    """The answers to each profile with the absences that are assumed in it."""
    likely = [tuple(a for a in absences if not hermit.ontology.shows(profile, a)) for profile in profiles]
    hermit.ask([*profiles, *_extended(profiles, likely)])  # one run for what most profiles need
    left = [tuple(a for a in absences if states is not None and states[a] is State.UNDETERMINED)
            for states in hermit.ask(profiles)]  # fmt: skip
    answers = hermit.ask(_extended(profiles, left))
    stuck = [i for i, answer in enumerate(answers) if answer is None and left[i]]
    for i, kept in zip(stuck, _without_conflicts(hermit, profiles, left, stuck), strict=True):
        left[i] = kept
    return hermit.ask(_extended(profiles, left))


def _extended(profiles: Sequence[Profile], more: Sequence[Profile]) -> list[Profile]:
    return [(*profile, *added) for profile, added in zip(profiles, more, strict=True)]


def _without_conflicts(
    hermit: _Hermit, profiles: Sequence[Profile], opened: Sequence[Profile], stuck: Sequence[int]
) -> list[Profile]:
    """What is left of the absences open in the `stuck` profiles without any minimal set that cannot hold together."""
    conflicts: dict[int, list[set[Observation]]] = {i: [] for i in stuck}
    for size in range(2, max((len(opened[i]) for i in stuck), default=0) + 1):
        tried = [(i, chosen) for i in stuck for chosen in combinations(opened[i], size)
                 if not any(conflict <= set(chosen) for conflict in conflicts[i])]  # fmt: skip
        answers = hermit.ask([(*profiles[i], *chosen) for i, chosen in tried])
        for (i, chosen), answer in zip(tried, answers, strict=True):
            conflicts[i] += [set(chosen)] if answer is None else []
    return [tuple(a for a in opened[i] if not any(a in conflict for conflict in conflicts[i])) for i in stuck]


# -- the ontology, as HermiT receives it --


class Logical:
    """The logical triples of a guideline's ontologies, the blank nodes of each graph apart.

    Left out are annotations, imports, the types of classes that stand as individuals too, and the individuals that
    neither an axiom nor a profile names: none of them has a meaning for a profile.
    """

    def __init__(self, graphs: Sequence[Graph], named: Collection[str] = ()) -> None:
        self.graph = Graph()
        for i, graph in enumerate(graphs):
            self._add(graph, f"o{i}n")
        self.known = {str(term) for triple in self.graph for term in triple if isinstance(term, URIRef)}
        self.classes = self._typed(OWL.Class)
        self.links = self._typed(OWL.ObjectProperty)
        self.quantities = self._typed(OWL.DatatypeProperty)
        self.functional = self._typed(OWL.FunctionalProperty)
        self.individuals = self._individuals({URIRef(iri) for iri in named if iri in self.known})
        self._write_ranges()
        self.triples = sorted((t for t in self.graph if self._logical(*t)), key=lambda t: t[1] != RDF.type)

    def _add(self, graph: Graph, prefix: str) -> None:
        names: dict[Node, Node] = {}
        for s, p, o in graph:
            for term in (s, o):
                names.setdefault(term, BNode(f"{prefix}{len(names)}") if isinstance(term, BNode) else term)
            self.graph.add((names[s], p, names[o]))

    def _typed(self, kind: URIRef) -> set[Node]:
        return set(self.graph.subjects(RDF.type, kind))

    def _write_ranges(self) -> None:
        """Write each range of decimals as `ClassExpressionBuilder.ranges` does."""
        writer = ClassExpressionBuilder(self, "r")
        for node in list(self.graph.subjects(OWL.onDatatype, XSD.decimal)):
            head = self.graph.value(node, OWL.withRestrictions)
            cells = list(self.graph.transitive_objects(head, RDF.rest)) if head else []
            members = [member for cell in cells for member in self.graph.objects(cell, RDF.first)]
            facets = [facet for member in members for facet in self.graph.predicate_objects(member)]
            for old in (node, *cells, *members):
                self.graph.remove((old, None, None))
            writer.triples += [(node, RDF.type, RDFS.Datatype), (node, OWL.intersectionOf, writer.ranges(facets))]
        self.graph += writer.triples

    def _individuals(self, named: set[URIRef]) -> set[Node]:
        """The individuals that axioms or profiles name, and those that assertions tie to them."""
        found: set[Node] = {*named, *self.graph.objects(None, OWL.hasValue)}
        lists = chain.from_iterable(self.graph.objects(None, p) for p in (OWL.oneOf, OWL.distinctMembers))
        found.update(member for head in lists for member in RdfList(self.graph, head))
        ties = [set(ends) for p in (OWL.differentFrom, OWL.sameAs, *self.links)
                for ends in self.graph.subject_objects(p) if not self.classes & set(ends)]  # fmt: skip
        while new := {end for ends in ties if found & ends for end in ends} - found:
            found |= new
        return found

    def _logical(self, s: Node, p: Node, o: Node) -> bool:
        """Whether a triple is part of an axiom that is sent."""
        if p in _ANNOTATIONS or s in _NO_AXIOM:
            return False
        if p == RDF.type and not str(o).startswith(_VOCABULARIES):
            return s in self.individuals and s not in self.classes
        if p == RDF.type:
            return o not in _NO_AXIOM and (o != OWL.NamedIndividual or s in self.individuals)
        return str(p).startswith(_VOCABULARIES) or (s in self.individuals and p in self.links | self.quantities)

    def absences(self, closable: Iterable[str]) -> Profile:
        """What could be assumed of each closable act: that there is none, under a property that a record can deny."""
        denied = sorted({str(prop) for prop in self.graph.objects(None, GP.negates)})
        return tuple(Observation((prop,), "class", act, False) for act in sorted(set(closable)) for prop in denied
                     if self._above(act, RDFS.subClassOf) & self._ranges(prop))  # fmt: skip

    def shows(self, profile: Profile, absence: Observation) -> bool:
        """Whether a profile is recorded to contradict an absence."""
        return any(one.present and one.kind == "class" and one.path == absence.path
                   and absence.target in self._above(one.target, RDFS.subClassOf) for one in profile)  # fmt: skip

    def _above(self, iri: str, relation: URIRef) -> set[str]:
        return {str(term) for term in self.graph.transitive_objects(URIRef(iri), relation)}

    def _ranges(self, prop: str) -> set[str]:
        above = self._above(prop, RDFS.subPropertyOf)
        return {str(r) for p in above for r in self.graph.objects(URIRef(p), RDFS.range)}


# -- profiles and questions, as class expressions --


class ClassExpressionBuilder:
    """Writes class expressions as triples."""

    def __init__(self, ontology: Logical, prefix: str = "p") -> None:
        self.ontology, self.prefix, self.numbers = ontology, prefix, count()
        self.triples: list[Triple] = []

    def node(self, *properties: tuple[URIRef, Node]) -> BNode:
        """A new blank node with these properties."""
        node = BNode(f"{self.prefix}{next(self.numbers)}")
        self.triples += [(node, p, o) for p, o in properties]
        return node

    def sequence(self, members: Sequence[Node]) -> Node:
        head: Node = RDF.nil
        for member in reversed(members):
            head = self.node((RDF.first, member), (RDF.rest, head))
        return head

    def both(self, parts: Sequence[Node]) -> Node:
        """The intersection of class expressions; of none, owl:Thing."""
        if len(parts) < 2:
            return parts[0] if parts else OWL.Thing
        return self.node((RDF.type, OWL.Class), (OWL.intersectionOf, self.sequence(parts)))

    def negation(self, part: Node) -> Node:
        return self.node((RDF.type, OWL.Class), (OWL.complementOf, part))

    def restriction(self, prop: str, kind: URIRef, value: Node) -> Node:
        return self.node((RDF.type, OWL.Restriction), (OWL.onProperty, URIRef(prop)), (kind, value))

    def some(self, path: Sequence[str], filler: Node) -> Node:
        """What has, at the end of a path, something in `filler`."""
        for prop in reversed(path):
            filler = self.restriction(prop, OWL.someValuesFrom, filler)
        return filler

    def named(self, iri: str) -> URIRef:
        """A named class, declared."""
        self.triples.append((URIRef(iri), RDF.type, OWL.Class))
        return URIRef(iri)

    def question(self, question: Question) -> Node:
        """The class that a question asks for; of an absence, the class that it denies."""
        if isinstance(question, str):
            return self.named(question)
        return self.some(question.path, self.named(question.target))

    def profile(self, profile: Profile) -> Node:
        """The patients of whom all of `profile` is true."""
        present, absent = ([one for one in profile if one.present is truth] for truth in (True, False))
        return self.both(
            [GP.Patient, *self._values(present, 0), *(self.negation(self.question(one)) for one in absent)]
        )

    def _values(self, observations: Iterable[Observation], depth: int) -> list[Node]:
        """The restrictions on one node `depth` properties away; all under a functional property have one filler."""
        groups: dict[tuple[object, ...], list[Observation]] = defaultdict(list)
        for one in observations:
            prop = one.path[depth]
            groups[(prop,) if URIRef(prop) in self.ontology.functional else (prop, one)].append(one)
        return [part for group in groups.values() for part in self._group(group, depth)]

    def _group(self, group: list[Observation], depth: int) -> Iterator[Node]:
        prop = group[0].path[depth]
        ends = [one for one in group if len(one.path) == depth + 1]
        for one in ends:
            if one.kind == "number":
                yield self.some([prop], self._between(one.low, one.high))
            elif one.kind == "value" and one.target in self.ontology.known:
                yield self.restriction(prop, OWL.hasValue, URIRef(one.target))
        if URIRef(prop) not in self.ontology.quantities:
            filler = [self.named(one.target) for one in ends if one.kind == "class"]
            deeper = self._values([one for one in group if len(one.path) > depth + 1], depth + 1)
            yield self.some([prop], self.both([*filler, *deeper]))

    def _between(self, low: Decimal | None, high: Decimal | None) -> Node:
        """The decimals from `low` to `high`, both included; unbounded where None."""
        bounds = ((XSD.minInclusive, low), (XSD.maxInclusive, high))
        facets = [(facet, Literal(format(b, "f"), datatype=XSD.decimal)) for facet, b in bounds if b is not None]
        return self.datatype((OWL.intersectionOf, self.ranges(facets))) if facets else XSD.decimal

    def above(self, bound: Decimal, strict: bool) -> Node:
        """The decimals above `bound`, and that itself unless `strict`."""
        facet = XSD.minExclusive if strict else XSD.minInclusive
        limit = Literal(format(bound, "f"), datatype=XSD.decimal)
        return self.datatype((OWL.intersectionOf, self.ranges([(facet, limit)])))

    def datatype(self, *properties: tuple[URIRef, Node]) -> Node:
        return self.node((RDF.type, RDFS.Datatype), *properties)

    def ranges(self, facets: Iterable[tuple[Node, Node]]) -> Node:
        """The list of data ranges whose intersection the facets of xsd:decimal describe.

        A bound that is included is written as the complement of one that is not: of an interval that is down to one
        point, [n, n], HermiT 1.3.8 takes what is left without n for inhabited.
        """
        return self.sequence([XSD.decimal, *(self._range(facet, bound) for facet, bound in facets)])

    def _range(self, facet: Node, bound: Node) -> Node:
        opened = URIRef(str(_OPEN.get(facet, facet)))
        restrictions = self.sequence([self.node((opened, bound))])
        found = self.datatype((OWL.onDatatype, XSD.decimal), (OWL.withRestrictions, restrictions))
        return self.datatype((OWL.datatypeComplementOf, found)) if facet in _OPEN else found


# -- HermiT --


class _Hermit:
    """Asks HermiT the same questions of many profiles, in as many processes at a time as there are processors."""

    def __init__(self, ontology: Logical, questions: Sequence[Question], deadline: float) -> None:
        self.ontology, self.questions, self.deadline = ontology, questions, deadline
        self.found: dict[Profile, States | None] = {}

    def ask(self, profiles: Sequence[Profile]) -> list[States | None]:
        """The state of each question for each profile; None for a profile that contradicts itself."""
        new = list(dict.fromkeys(profile for profile in profiles if profile not in self.found))
        workers = os.cpu_count() or 1
        size = max(20, min(_BATCH, -(-len(new) // workers)))
        batches = [new[i : i + size] for i in range(0, len(new), size)]
        with ThreadPoolExecutor(workers) as pool:
            answers = list(chain.from_iterable(pool.map(self._batch, batches)))
        self.found.update(zip(new, answers, strict=True))
        return [self.found[profile] for profile in profiles]

    def _batch(self, profiles: Sequence[Profile]) -> list[States | None]:
        """Classify a name for each profile and, for each question, one above its class and one above the complement."""
        writer = ClassExpressionBuilder(self.ontology)
        for i, question in enumerate(self.questions):
            subject = writer.question(question)
            for kind, sub in ("yes", subject), ("no", writer.both([GP.Patient, writer.negation(subject)])):
                writer.triples.append((sub, RDFS.subClassOf, writer.named(f"{_OWN}{kind}{i}")))
        for i, profile in enumerate(profiles):
            writer.triples.append((writer.named(f"{_OWN}profile{i}"), RDFS.subClassOf, writer.profile(profile)))
        taxonomy = taxonomy_of(classified([*self.ontology.triples, *writer.triples], self.deadline))
        return [self._states(_above(f"{_OWN}profile{i}", taxonomy)) for i in range(len(profiles))]

    def _states(self, above: set[str]) -> States | None:
        if str(OWL.Nothing) in above:
            return None
        yes, no = ([f"{_OWN}{word}{i}" in above for i in range(len(self.questions))] for word in ("yes", "no"))
        return {q: State.ENTAILED if y else State.EXCLUDED if n else State.UNDETERMINED
                for q, y, n in zip(self.questions, yes, no, strict=True)}  # fmt: skip


def _above(iri: str, taxonomy: Mapping[str, set[str]]) -> set[str]:
    found = {iri, str(OWL.Thing)}
    while new := {above for cls in found for above in taxonomy.get(cls, ())} - found:
        found |= new
    if not found & {str(GP.Patient), str(OWL.Nothing)}:
        raise failed("reference-incomplete", "HermiT's answer leaves out what it was asked")
    return found

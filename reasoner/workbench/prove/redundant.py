"""What has no effect in a guideline: parts of definitions, criteria, facts, recommendations and statements.

A part of a definition is redundant where the class holds for the same patients without it; a fact is irrelevant where
recording it changes no answer; a recommendation or a statement is unreached where no answer leads to it.
"""

from __future__ import annotations

from collections.abc import Iterator

from rdflib import DCTERMS, OWL, RDF, RDFS, BNode, Graph, URIRef
from rdflib.term import Node

from reasoner.guideline.shapes import classes_in
from reasoner.logic.clauses import Cube, atoms_of
from reasoner.logic.expressions import BOTTOM, TOP, And, AtomLeaf, Expr, Name, Not, Or, leaves
from reasoner.terms import GP
from reasoner.workbench.lookup import Rebuild, between, declared_at, reachable, unfolded
from reasoner.workbench.prove.claims import EMPTY, Claim, ProofContext

_PARTS = (OWL.intersectionOf, OWL.unionOf, OWL.complementOf, RDF.first, RDF.rest)
_AXIOMS = (RDFS.subClassOf, OWL.disjointWith, OWL.complementOf, OWL.members, RDF.first)


# -- parts of definitions --


def redundant_parts(context: ProofContext, iri: str) -> Iterator[Claim]:
    """Conjuncts and disjuncts of a class, at any depth, without which it holds for the same patients; the outermost."""
    definition = context.rules[iri].definition
    if iri not in context.dead | context.always:
        for part in _redundant(context, context.profiles.identity(definition), definition, lambda whole: whole):
            yield _redundant_part(context, iri, part)


def _redundant_part(context: ProofContext, iri: str, part: Expr) -> Claim:
    both = And((part, Name(iri)))
    shown = context.profiles.conditions(both) if context.profiles.any(both) else [EMPTY]
    what = f"in the definition of {context.name(iri)}, the condition “{context.written.brief(part)}” never matters"
    return context.claim("idle-condition", what, list(dict.fromkeys([iri, *_terms(context, part)])), both, shown)


def _redundant(context: ProofContext, identity: int, expr: Expr, rebuild: Rebuild) -> Iterator[Expr]:
    """The redundant parts of `expr`, which `rebuild` puts back into the definition with that identity."""
    if isinstance(expr, Not):
        yield from _redundant(context, identity, expr.part, lambda inner: rebuild(Not(inner)))
    if not isinstance(expr, And | Or):
        return
    for i, part in enumerate(expr.parts):
        if part == TOP or (i == 0 and _of_translation(context, expr)):
            continue
        before, after = expr.parts[:i], expr.parts[i + 1 :]
        if context.profiles.identity(rebuild(type(expr)((*before, *after)))) == identity:
            yield part
        else:
            yield from _redundant(context, identity, part, between(rebuild, expr, before, after))


def _of_translation(context: ProofContext, expr: And | Or) -> bool:
    """Whether the first part only states that a functional property has a value, as every restriction on it does."""
    first = expr.parts[0]
    if not isinstance(expr, And) or not isinstance(first, AtomLeaf):
        return False
    atom = context.compiled.theory.atoms[first.atom]
    return atom.kind == "exists" and context.compiled.properties[atom.path[-1]].functional


def _terms(context: ProofContext, expr: Expr) -> Iterator[str]:
    """The terms that an expression names: classes, individuals, and properties where there is neither."""
    for leaf in leaves(expr):
        match leaf:
            case Name(iri):
                yield iri
            case AtomLeaf(number):
                atom = context.compiled.theory.atoms[number]
                yield atom.target or atom.path[-1]


# -- criteria and facts --


def unused_criteria(context: ProofContext) -> Iterator[Claim]:
    """Criteria on which no management class, no shape and no axiom depends, other than those of context."""
    taxonomy = context.guideline.taxonomy
    of_context = set(taxonomy.subjects(RDF.type, GP.ContextCriterion))
    kinds = set(taxonomy.transitive_subjects(RDFS.subClassOf, GP.Criterion))
    criteria = {str(s) for kind in kinds for s in taxonomy.subjects(RDF.type, kind)} & set(context.rules)
    advising = [cls.iri for cls in context.management]
    needed = [*advising, *map(str, of_context), *_checked(context), *_in_axioms(context)]
    used = unfolded(context.compiled, needed)
    for iri in sorted(criteria - used):
        what = f"no management class, no shape and no axiom depends on {context.name(iri)}"
        yield context.claim("idle-criterion", what, [iri], Name(iri), context.rules[iri].entailed_by or [EMPTY])


def _named(expr: Expr, truth: bool) -> Iterator[tuple[str, bool]]:
    """The classes that an expression names, each with whether it counts for it or against it."""
    match expr:
        case Name(iri):
            yield iri, truth
        case Not(part):
            yield from _named(part, not truth)
        case And(parts) | Or(parts):
            for part in parts:
                yield from _named(part, truth)


def _checked(context: ProofContext) -> set[str]:
    return {iri for check in context.guideline.content.checks for iri in classes_in(check.condition)}


def _in_axioms(context: ProofContext) -> set[str]:
    """The defined classes that stand in axioms other than definitions, and than being classes of patients."""
    graph, defining = context.guideline.graph, _inside_definitions(context.guideline.graph)
    found = {o for p in _AXIOMS for s, o in graph.subject_objects(p) if s not in defining}
    found |= {s for p in (RDFS.subClassOf, OWL.disjointWith) for s, o in graph.subject_objects(p) if o != GP.Patient}
    return {str(term) for term in found} & set(context.rules)


def _inside_definitions(graph: Graph) -> set[Node]:
    """The anonymous parts of definitions."""

    def parts(node: Node) -> list[Node]:
        return [o for p in _PARTS for o in graph.objects(node, p) if isinstance(o, BNode)]

    defined = (o for s, o in graph.subject_objects(OWL.equivalentClass) if isinstance(s, URIRef))
    return reachable((node for node in defined if isinstance(node, BNode)), parts)


def irrelevant_facts(context: ProofContext) -> Iterator[Claim]:
    """Findings and acts of the guideline's own that change no answer, acts that it advises on aside."""
    theory = context.compiled.theory
    matter = atoms_of(t for rule in context.rules.values() for truth in (True, False) for t in rule.implicants(truth))
    matter |= atoms_of(clause for clause in theory.implicates if clause.size > 1 and clause.atoms & matter)
    actions = {r.action for cls in context.management for r in cls.recommendations}
    for i, atom in enumerate(theory.atoms):
        known = atom.kind == "class" and len(atom.path) == 1 and not matter >> i & 1
        if known and atom.target not in actions and not atom.target.startswith(str(GP)):
            what = f"whether {context.name(atom.target)} is recorded, present or absent, changes no answer"
            yield context.claim("idle-fact", what, [atom.target], AtomLeaf(i), [Cube(1 << i, 0)])


# -- what no answer leads to --


def unreached(context: ProofContext) -> Iterator[Claim]:
    """Recommendations, diagnoses and statements that reach no patient."""
    graph, reached = context.guideline.graph, _reached(context)
    advice = {str(s) for kind in (GP.Recommendation, GP.Diagnosis) for s in graph.subjects(RDF.type, kind)}
    for iri in sorted(advice - reached):
        yield _unreached(context, "unreached-recommendation", iri, "no patient is in a class that gives it")
    quoted = _quoted(context, reached)
    for iri in context.catalogue.in_text_order(set(context.catalogue.statements) - quoted):
        yield _unreached(context, "unreached-statement", iri, "nothing that a patient can be in leads to it")


def _unreached(context: ProofContext, code: str, iri: str, why: str) -> Claim:
    statements = (iri,) if iri in context.catalogue.statements else context.statements([iri])
    classes = [c.iri for c in context.management if iri in (*(r.iri for r in c.recommendations), *c.diagnoses)]
    what = f"{context.name(iri)} reaches no patient: {why}"
    axioms = context.origins(classes) | {declared_at(context.guideline, iri)}
    return Claim(code, what, (iri,), BOTTOM, (EMPTY,), axioms, statements)


def _reached(context: ProofContext) -> set[str]:
    """The terms on which an answer to some patient can rest: classes, advice, and facts."""
    alive = [cls for cls in context.management if cls.iri not in context.dead]
    advice = {iri for cls in alive for iri in (*(r.iri for r in cls.recommendations), *cls.diagnoses)}
    of_context = {str(s) for s in context.guideline.taxonomy.subjects(RDF.type, GP.ContextCriterion)}
    used = {iri for cls in alive for iri in _used(context, cls.iri)} | ((of_context | _checked(context)) - context.dead)
    facts = {atom.target for i, atom in enumerate(context.compiled.theory.atoms)
             if atom.kind == "class" and context.profiles.any(AtomLeaf(i))}  # fmt: skip
    return advice | used | facts


def _used(context: ProofContext, iri: str) -> set[str]:
    """A class and the classes that hold where it does and count for it, for some patient."""
    counted = reachable([(iri, True)], lambda one: _named(context.rules[one[0]].definition, one[1]))
    return {name for name, truth in counted if truth and context.profiles.any(And((Name(iri), Name(name))))}


def _quoted(context: ProofContext, reached: set[str]) -> set[str]:
    """The statements that what is reached is linked to, those of shapes, and the headers above them."""
    graph = context.guideline.graph
    links = (GP.warrantedBy, GP.informedBy, GP.definedBy)
    quoted = {str(o) for p in links for s, o in graph.subject_objects(p) if str(s) in reached}
    quoted |= {s for check in context.guideline.content.checks for s in check.statements
             if not context.dead.issuperset(classes_in(check.condition))}  # fmt: skip
    return quoted | {str(s) for s, part in graph.subject_objects(DCTERMS.hasPart) if str(part) in quoted}

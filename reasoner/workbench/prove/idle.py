"""What a guideline says to no effect: parts of definitions, criteria, facts, recommendations and statements.

A part of a definition is idle where the class holds for the same patients without it; a fact, where recording it
changes no answer; a recommendation or a statement, where no patient is ever told of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from rdflib import DCTERMS, OWL, RDF, RDFS, BNode, Graph, URIRef
from rdflib.term import Node

from reasoner.guideline.shapes import Condition, Either, Entailed, Every, Excluded, Unless
from reasoner.logic.clauses import Cube, atoms_of
from reasoner.logic.expressions import BOTTOM, TOP, And, AtomLeaf, Expr, Name, Not, Or
from reasoner.terms import GP
from reasoner.workbench.prove.claims import EMPTY, Claim, Scene

Rebuild = Callable[[Expr], Expr]
_PARTS = (OWL.intersectionOf, OWL.unionOf, OWL.complementOf, RDF.first, RDF.rest)
_AXIOMS = (RDFS.subClassOf, OWL.disjointWith, OWL.complementOf, OWL.members, RDF.first)


# -- parts of definitions --


def idle_parts(scene: Scene, iri: str) -> Iterator[Claim]:
    """Conjuncts and disjuncts of a class, at any depth, without which it holds for the same patients; the outermost."""
    definition = scene.rules[iri].definition
    if iri not in scene.dead | scene.always:
        for part in _idle(scene, scene.profiles.identity(definition), definition, lambda whole: whole):
            yield _idle_part(scene, iri, part)


def _idle_part(scene: Scene, iri: str, part: Expr) -> Claim:
    both = And((part, Name(iri)))
    shown = scene.profiles.conditions(both) if scene.profiles.any(both) else [EMPTY]
    what = f"in the definition of {scene.name(iri)}, the condition “{_text(scene, part)}” never matters"
    return scene.claim("idle-condition", what, list(dict.fromkeys([iri, *_terms(scene, part)])), both, shown)


def _idle(scene: Scene, identity: int, expr: Expr, rebuild: Rebuild) -> Iterator[Expr]:
    """The idle parts of `expr`, which `rebuild` puts back into the definition with that identity."""
    if isinstance(expr, Not):
        yield from _idle(scene, identity, expr.part, lambda inner: rebuild(Not(inner)))
    if not isinstance(expr, And | Or):
        return
    for i, part in enumerate(expr.parts):
        if part == TOP or (i == 0 and _of_translation(scene, expr)):
            continue
        before, after = expr.parts[:i], expr.parts[i + 1 :]
        if scene.profiles.identity(rebuild(type(expr)((*before, *after)))) == identity:
            yield part
        else:
            yield from _idle(scene, identity, part, _placed(rebuild, type(expr), before, after))


def _placed(rebuild: Rebuild, kind: type[And | Or], before: tuple[Expr, ...], after: tuple[Expr, ...]) -> Rebuild:
    return lambda inner: rebuild(kind((*before, inner, *after)))


def _of_translation(scene: Scene, expr: And | Or) -> bool:
    """Whether the first part only says that a functional property has a value, as every restriction on it does."""
    first = expr.parts[0]
    if not isinstance(expr, And) or not isinstance(first, AtomLeaf):
        return False
    atom = scene.compiled.theory.atoms[first.atom]
    return atom.kind == "exists" and scene.compiled.properties[atom.path[-1]].functional


def _terms(scene: Scene, expr: Expr) -> Iterator[str]:
    """The terms that an expression names: classes, individuals, and properties where there is neither."""
    match expr:
        case Name(iri):
            yield iri
        case AtomLeaf(number):
            atom = scene.compiled.theory.atoms[number]
            yield atom.target or atom.path[-1]
        case Not(part):
            yield from _terms(scene, part)
        case And(parts) | Or(parts):
            for part in parts:
                yield from _terms(scene, part)


def _text(scene: Scene, expr: Expr) -> str:
    match expr:
        case Name(iri):
            return scene.name(iri)
        case AtomLeaf(number):
            return scene.text(scene.compiled.theory.atoms[number])
        case Not(part):
            return f"not {_text(scene, part)}"
        case And(parts) | Or(parts):
            shown = [_text(scene, part) for part in parts if part != TOP]
            joined = f" {'and' if isinstance(expr, And) else 'or'} ".join(shown)
            return joined if len(shown) == 1 else f"({joined})"
    raise TypeError(f"{expr!r} is not translated")


# -- criteria and facts --


def idle_criteria(scene: Scene) -> Iterator[Claim]:
    """Criteria on which no management class, no shape and no axiom depends, other than those of context."""
    taxonomy = scene.guideline.taxonomy
    context = set(taxonomy.subjects(RDF.type, GP.ContextCriterion))
    kinds = set(taxonomy.transitive_subjects(RDFS.subClassOf, GP.Criterion))
    criteria = {str(s) for kind in kinds for s in taxonomy.subjects(RDF.type, kind)} & set(scene.rules)
    used = _depended_on(scene, [*(cls.iri for cls in scene.management), *map(str, context), *_checked(scene),
                                *_in_axioms(scene)])  # fmt: skip
    for iri in sorted(criteria - used):
        what = f"no management class, no shape and no axiom depends on {scene.name(iri)}"
        yield scene.claim("idle-criterion", what, [iri], Name(iri), scene.rules[iri].entailed_by or [EMPTY])


def _depended_on(scene: Scene, classes: Iterable[str]) -> set[str]:
    """The defined classes among these and in their definitions, unfolded."""
    found: set[str] = set()
    queue = [iri for iri in classes if iri in scene.rules]
    while queue:
        iri = queue.pop()
        if iri not in found:
            found.add(iri)
            queue += [name for name, _ in _named(scene.rules[iri].definition, True)]
    return found


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


def _checked(scene: Scene) -> set[str]:
    return {iri for check in scene.guideline.content.checks for iri in _spoken(check.condition)}


def _spoken(condition: Condition) -> Iterator[str]:
    """The classes that the condition of a shape speaks of."""
    match condition:
        case Entailed(cls) | Excluded(cls):
            yield cls
        case Unless(part):
            yield from _spoken(part)
        case Every(parts) | Either(parts):
            for part in parts:
                yield from _spoken(part)


def _in_axioms(scene: Scene) -> set[str]:
    """The defined classes that stand in axioms other than definitions, and than being classes of patients."""
    graph, defining = scene.guideline.graph, _inside_definitions(scene.guideline.graph)
    found = {o for p in _AXIOMS for s, o in graph.subject_objects(p) if s not in defining}
    found |= {s for p in (RDFS.subClassOf, OWL.disjointWith) for s, o in graph.subject_objects(p) if o != GP.Patient}
    return {str(term) for term in found} & set(scene.rules)


def _inside_definitions(graph: Graph) -> set[Node]:
    """The anonymous parts of definitions."""
    queue = [o for s, o in graph.subject_objects(OWL.equivalentClass) if isinstance(s, URIRef)]
    found: set[Node] = set()
    while queue:
        node = queue.pop()
        if isinstance(node, BNode) and node not in found:
            found.add(node)
            queue += [o for p in _PARTS for o in graph.objects(node, p)]
    return found


def idle_facts(scene: Scene) -> Iterator[Claim]:
    """Findings and acts of the guideline's own that change no answer, acts that it advises on aside."""
    theory = scene.compiled.theory
    matter = atoms_of(t for rule in scene.rules.values() for truth in (True, False) for t in rule.implicants(truth))
    matter |= atoms_of(clause for clause in theory.implicates if clause.size > 1 and clause.atoms & matter)
    actions = {r.action for cls in scene.management for r in cls.recommendations}
    for i, atom in enumerate(theory.atoms):
        known = atom.kind == "class" and len(atom.path) == 1 and not matter >> i & 1
        if known and atom.target not in actions and not atom.target.startswith(str(GP)):
            what = f"whether {scene.name(atom.target)} is recorded, present or absent, changes no answer"
            yield scene.claim("idle-fact", what, [atom.target], AtomLeaf(i), [Cube(1 << i, 0)])


# -- what no patient is told --


def unreached(scene: Scene) -> Iterator[Claim]:
    """Recommendations, diagnoses and statements that reach no patient."""
    graph, reached = scene.guideline.graph, _reached(scene)
    advice = {str(s) for kind in (GP.Recommendation, GP.Diagnosis) for s in graph.subjects(RDF.type, kind)}
    for iri in sorted(advice - reached):
        yield _unreached(scene, "unreached-recommendation", iri, "no patient is in a class that gives it")
    told = _told(scene, reached)
    for iri in scene.catalogue.in_text_order(set(scene.catalogue.statements) - told):
        yield _unreached(scene, "unreached-statement", iri, "nothing that a patient can be in leads to it")


def _unreached(scene: Scene, code: str, iri: str, why: str) -> Claim:
    statements = (iri,) if iri in scene.catalogue.statements else scene.statements([iri])
    classes = [c.iri for c in scene.management if iri in (*(r.iri for r in c.recommendations), *c.diagnoses)]
    what = f"{scene.name(iri)} reaches no patient: {why}"
    return Claim(code, what, (iri,), BOTTOM, (EMPTY,), scene.origins(classes) | {scene.place(iri)}, statements)


def _reached(scene: Scene) -> set[str]:
    """The terms on which an answer to some patient can rest: classes, advice, and facts."""
    alive = [cls for cls in scene.management if cls.iri not in scene.dead]
    advice = {iri for cls in alive for iri in (*(r.iri for r in cls.recommendations), *cls.diagnoses)}
    context = {str(s) for s in scene.guideline.taxonomy.subjects(RDF.type, GP.ContextCriterion)}
    used = {iri for cls in alive for iri in _used(scene, cls.iri)} | ((context | _checked(scene)) - scene.dead)
    facts = {atom.target for i, atom in enumerate(scene.compiled.theory.atoms)
             if atom.kind == "class" and scene.profiles.any(AtomLeaf(i))}  # fmt: skip
    return advice | used | facts


def _used(scene: Scene, iri: str) -> set[str]:
    """A class and the classes that hold where it does and count for it, for some patient."""
    found: set[str] = set()
    queue = [(iri, True)]
    seen: set[tuple[str, bool]] = set()
    while queue:
        name, truth = queue.pop()
        if (name, truth) not in seen:
            seen.add((name, truth))
            queue += _named(scene.rules[name].definition, truth)
            if truth and scene.profiles.any(And((Name(iri), Name(name)))):
                found.add(name)
    return found


def _told(scene: Scene, reached: set[str]) -> set[str]:
    """The statements that what is reached is linked to, those of shapes, and the headers above them."""
    graph = scene.guideline.graph
    links = (GP.warrantedBy, GP.informedBy, GP.definedBy)
    told = {str(o) for p in links for s, o in graph.subject_objects(p) if str(s) in reached}
    told |= {s for check in scene.guideline.content.checks for s in check.statements
             if not scene.dead.issuperset(_spoken(check.condition))}  # fmt: skip
    return told | {str(s) for s, part in graph.subject_objects(DCTERMS.hasPart) if str(part) in told}

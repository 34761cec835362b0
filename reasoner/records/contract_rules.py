"""Which SHACL rules can be run without a SPARQL engine, and as what patterns: https://www.w3.org/TR/shacl-af/#rules.

In the fragment: one CONSTRUCT of a shape, asked of the node with the as-of date, whose WHERE is a basic graph pattern
with constants, with `FILTER NOT EXISTS` of such patterns, or a sub-select of it that keeps the groups with one match.
`?kind rdfs:subClassOf* CLASS` is folded into the classes that it means, and so is `?kind a KIND` where the guideline
has classes of a kind. The query is read by the algebra of SPARQL.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from rdflib import RDF, RDFS, SH, Graph, Literal, URIRef, Variable
from rdflib.paths import MulPath, ZeroOrMore

from reasoner.records.algebra import needs_of_rule, order_of, query_of, read_query
from reasoner.records.contract import TYPE, Beyond, Pattern, Rule, Vocabulary, stem
from reasoner.records.contract_shapes import Background, BeyondError
from reasoner.terms import GP


def compile_rules(
    graph: Graph, background: Background, vocabulary: Vocabulary
) -> tuple[tuple[Rule, ...], tuple[Beyond, ...]]:
    """The rules of the shapes in `graph`, in the order in which they run, and those outside the fragment."""
    compiler = _RuleCompiler(graph, background, vocabulary)
    rules, beyond = [], []
    for shape in {s for s in graph.subjects(SH.rule) if isinstance(s, URIRef)}:
        try:
            rules.append(compiler.rule(shape))
        except BeyondError:
            beyond.append(Beyond(str(shape), needs_of_rule(graph, shape, background)))
    rules.sort(key=lambda rule: (rule.order, rule.shape))
    return tuple(rules), tuple(sorted(beyond, key=lambda one: one.shape))


class _RuleCompiler:
    def __init__(self, graph: Graph, background: Background, vocabulary: Vocabulary) -> None:
        self.graph, self.background, self.vocabulary = graph, background, vocabulary

    def rule(self, shape: URIRef) -> Rule:
        """The one rule of a shape."""
        rule, text = query_of(self.graph, shape, SH.rule, SH.construct)
        query = _read(text)
        if query.name != "ConstructQuery" or query.datasetClause:
            raise BeyondError
        sole, alias, match, absent = _where(query.p)
        give = tuple(Pattern(s, p, alias.get(o, o)) if o.startswith("?") else Pattern(s, p, "", (o,))
                     for s, p, o in map(_names, query.template))  # fmt: skip
        shared = [name for triple in query.template for name in triple]
        found = Rule(
            str(shape),
            order_of(self.graph, rule),
            needs_of_rule(self.graph, shape, self.background),
            self._patterns(match, [*shared, *(name for triples in absent for t in triples for name in t)], sole),
            tuple(self._patterns(triples, [*shared, *(name for t in match for name in t)], ()) for triples in absent),
            sole,
            give,
        )
        self._check(found)
        return found

    def _patterns(self, triples: Sequence[Any], elsewhere: Iterable[Any], sole: Sequence[str]) -> tuple[Pattern, ...]:
        """Triple patterns, without those of the as-of date, and with classes for paths up the taxonomy."""
        uses = Counter(name for triple in triples for name in triple) + Counter(elsewhere)
        folded = {t[0]: self._classes(t) for t in triples if self._is_of_classes(t)}
        asked = [t for t in triples if not self._is_of_classes(t) and not _only_as_of(t, uses)]
        if any(uses[name] != 2 for name in folded) or not folded.keys() <= {o for _, _, o in asked}:
            raise BeyondError
        if sole and any(len(classes) > 1 for classes in folded.values()):
            raise BeyondError
        return tuple(self._pattern(t, folded.get(t[2])) for t in asked)

    def _is_of_classes(self, triple: Any) -> bool:
        """Whether a pattern finds classes of the guideline."""
        _, p, o = triple
        return isinstance(p, MulPath) or (p == RDF.type and str(o) in self.background.kinds)

    def _classes(self, triple: Any) -> tuple[str, ...]:
        """The classes that a pattern finds: those below one, or those of a kind."""
        _, path, top = triple
        if path == RDF.type:
            return self.background.members([str(top)])
        if path.path != RDFS.subClassOf or path.mod != ZeroOrMore or not isinstance(top, URIRef):
            raise BeyondError
        return self.background.below(str(top))

    def _pattern(self, triple: Any, classes: tuple[str, ...] | None) -> Pattern:
        s, p, o = _names(triple)
        values = classes or (() if o.startswith("?") else (o,))
        typed_by_guideline = p == TYPE and (not values or not self.background.kinds.isdisjoint(values))
        if typed_by_guideline or (p != TYPE and p in self.background.predicates):
            raise BeyondError
        return Pattern(s, p, "", values) if values else Pattern(s, p, o)

    def _check(self, rule: Rule) -> None:
        """A rule is about one patient, and what it gives is bound and about a node that it has found."""
        patterns = [*rule.match, *(pattern for absent in rule.absent for pattern in absent)]
        subjects = {pattern.subject for pattern in patterns}
        found = {name for p in rule.match for name in (p.subject, p.object) if name} if not rule.sole else {*rule.sole}
        nodes = {pattern.subject for pattern in rule.match}
        given = all(p.subject in nodes & found and (p.values or p.object in found) for p in rule.give)
        written = self.background.predicates - {TYPE}
        alone = not any(p.subject == p.object for p in patterns) and written.isdisjoint(p.predicate for p in rule.give)
        links = [(p.subject, p.object) for p in patterns if p.object in subjects and self._in_namespace(p.predicate)]
        if not alone or not given or not _connected(subjects, links):
            raise BeyondError

    def _in_namespace(self, iri: str) -> bool:
        return stem(iri) in self.vocabulary.stems


def _names(triple: Any) -> tuple[str, str, str]:
    """A triple pattern as text, a variable with its question mark."""
    s, p, o = triple
    if not isinstance(s, Variable) or not isinstance(p, URIRef) or not isinstance(o, Variable | URIRef):
        raise BeyondError
    return f"?{s}", str(p), f"?{o}" if isinstance(o, Variable) else str(o)


def _only_as_of(triple: Any, uses: Counter[Any]) -> bool:
    """Whether a pattern finds the as-of date and nobody asks for it."""
    s, p, o = triple
    return p == GP.asOf and isinstance(o, Variable) and uses[s] == uses[o] == 1


def _connected(names: set[str], links: Iterable[tuple[str, str]]) -> bool:
    """Whether links lead from each of the names to each other, in either direction."""
    parts = [{name} for name in names]
    for one, other in links:
        joined = [part for part in parts if one in part or other in part]
        parts = [part for part in parts if part not in joined] + [set().union(*joined)]
    return len(parts) == 1


# -- the algebra --

Triples = list[Any]
_Where = tuple[tuple[str, ...], dict[str, str], Triples, list[Triples]]


def _where(part: Any) -> _Where:
    """What a WHERE asks: the sole pair, other names of its second, the patterns, and those that may not match."""
    if part.name != "Project":
        raise BeyondError
    part = part.p
    if part.name != "ToMultiSet":
        return (), {}, *_group(part)
    if part.p.name != "Project":
        raise BeyondError
    names, filters = {}, []
    part = part.p.p
    while part.name in ("Extend", "Filter"):
        if part.name == "Extend":
            names[part.expr] = part.var
        else:
            filters.append(part.expr)
        part = part.p
    return _sole(part, names, filters)


def _sole(part: Any, names: dict[Any, Any], filters: list[Any]) -> _Where:
    """A group by one variable that keeps the groups with one match of another."""
    if part.name != "AggregateJoin" or len(filters) != 1 or filters[0].name != "RelationalExpression":
        raise BeyondError
    condition, results = filters[0], {aggregate.res: aggregate for aggregate in part.A}
    count = results.get(condition.expr)
    each = [name for name in part.p.expr if name != Variable("this")]
    if count is None or count.name != "Aggregate_Count" or count.distinct or len(each) != 1:
        raise BeyondError
    if condition.op != "=" or condition.other != Literal(1) or not isinstance(count.vars, Variable):
        raise BeyondError
    samples = [a for a in results.values() if a is not count]
    if any(a.name != "Aggregate_Sample" or a.vars not in (count.vars, *part.p.expr) for a in samples):
        raise BeyondError
    alias = {f"?{names[a.res]}": f"?{a.vars}" for a in samples if a.res in names}
    return (f"?{each[0]}", f"?{count.vars}"), alias, *_group(part.p.p)


def _group(part: Any) -> tuple[Triples, list[Triples]]:
    """The patterns of a group, and of each of its `FILTER NOT EXISTS`."""
    absent: list[Triples] = []
    while part.name == "Filter":
        absent += [list(_denied(one)) for one in _conjuncts(part.expr)]
        part = part.p
    if part.name != "BGP":
        raise BeyondError
    return list(part.triples), absent


def _conjuncts(expr: Any) -> list[Any]:
    return [expr.expr, *expr.other] if getattr(expr, "name", "") == "ConditionalAndExpression" else [expr]


def _denied(expr: Any) -> Iterator[Any]:
    """The triple patterns of a `NOT EXISTS`, of which `_read` has found that there is nothing else."""
    if getattr(expr, "name", "") != "Builtin_NOTEXISTS":
        raise BeyondError
    open_parts = [expr.graph]
    for part in open_parts:
        if part.name not in ("Join", "BGP", "GroupGraphPatternSub", "TriplesBlock"):
            raise BeyondError
        open_parts += [part.p1, part.p2] if part.name == "Join" else part.part or []
        for triples in part.triples or ():
            yield from (triples[i : i + 3] for i in range(0, len(triples), 3))


def _read(text: str) -> Any:
    """The algebra of a query, of which that tells all."""
    try:
        read = read_query(text)
    except Exception as error:  # whatever is wrong with the query, the reference says it when it runs the rule
        raise BeyondError from error
    if not read.plainly_denied:
        raise BeyondError
    return read.algebra

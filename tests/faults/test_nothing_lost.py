"""Nothing is lost without a word: what is given is read, or named as not read, with the right form as remedy."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import reasoner
from faults.outcomes import AS_OF, GP, PREFIXES, SN, TINY, Outcome, added, cases, classify, coded, copied, guideproof

#: What is wrong today, of the tests that fail.
HIVE = "facts in names of directories are dropped in silence"
UNRUN = "a shape that nothing here runs is an internal error, or is passed over"

RED_FLAG = "sn:RedFlagReassessmentNeeded"
COLUMNS = ("status", RED_FLAG, "sn:MriAssessment", "sn:ConservativeManagement")

# -- facts in the names of directories --

WARD = pl.DataFrame(
    {
        "patient": ["https://example.org/a", "https://example.org/b"],
        "sn:SchmorlsNode": [True, True],
        "sn:BackPain": [True, True],
        "sn:RadicularSymptom": [False, False],
        "sn:ProgressiveNeurologicalDeficit": [False, False],
        "sn:NewOrWorseningLocalizedBackPain": [False, False],
        "sn:ConstitutionalSymptom": [True, False],
        "sn:SpineMri": [True, True],
        "sn:conservativeTherapyWeeks.low": [8.0, 8.0],
        "sn:conservativeTherapyWeeks.high": [8.0, 8.0],
    }
)


def partitioned(root: Path, *columns: str, suffix: str = "parquet") -> Path:
    """The ward as Spark, pandas and pyarrow write it: the values of some columns stand in names of directories."""
    for number, row in enumerate(WARD.iter_rows(named=True)):
        names = [f"{column}={str(row[column]).lower()}" for column in columns]
        path = root.joinpath(*names, f"part-{number}.{suffix}")
        path.parent.mkdir(parents=True, exist_ok=True)
        rest = pl.DataFrame([row], schema=WARD.schema).drop(columns)
        rest.write_parquet(path) if suffix == "parquet" else rest.write_csv(path)
    return root


def decided(source: Path, out: Path) -> tuple[Outcome, list[dict[str, Any]]]:
    """A batch of four columns, and its rows by patient."""
    only = [part for column in COLUMNS for part in ("--only", column)]
    outcome = guideproof("batch", source, out, "--as-of", AS_OF, *only, memory=None)
    return outcome, pl.read_csv(out).sort("patient").to_dicts() if out.exists() else []


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """The answers where every fact stands in a column."""
    root = tmp_path_factory.mktemp("whole")
    WARD.write_parquet(root / "ward.parquet")
    outcome, rows = decided(root / "ward.parquet", root / "answers.csv")
    assert outcome.code == 0 and rows[0][RED_FLAG] is True
    return rows


PARTITIONS = {
    "a finding": ("parquet", "sn:ConstitutionalSymptom"),
    "an act": ("parquet", "sn:SpineMri"),
    "two": ("parquet", "sn:ConstitutionalSymptom", "sn:SpineMri"),
    "a number": ("parquet", "sn:conservativeTherapyWeeks.low"),
    "a finding, of CSV": ("csv", "sn:ConstitutionalSymptom"),
    "the patient": ("csv", "patient"),
}


@pytest.mark.parametrize("partition", cases(PARTITIONS, "", HIVE))
def test_facts_in_names_of_directories(tmp_path: Path, whole: list[dict[str, Any]], partition: tuple[str, ...]) -> None:
    suffix, *columns = partition
    source = partitioned(tmp_path / "ward", *columns, suffix=suffix)
    outcome, rows = decided(source, tmp_path / "answers.csv")
    if outcome.code == 0:
        assert rows == whole
    else:
        assert coded(outcome) and f"{columns[0]}=" in outcome.err


def test_a_directory_named_for_what_is_no_column(tmp_path: Path) -> None:
    """As with a column that the guideline does not know, nobody can tell what it was to say."""
    (tmp_path / "ward" / "sn:Fevr=true").mkdir(parents=True)
    WARD.write_parquet(tmp_path / "ward" / "sn:Fevr=true" / "part-0.parquet")
    outcome, _ = decided(tmp_path / "ward", tmp_path / "answers.csv")
    assert coded(outcome) and "sn:Fevr" in outcome.err


# -- files of a directory that are not read --

PATIENT = PREFIXES + "ex:p a gp:Patient ; gp:hasFinding [ a sn:BackPain ] .\n"


@pytest.mark.parametrize("name", ["q.txt", "q.turtle", "deeper/q.ttl.gz"])
def test_a_file_of_the_input_directory_is_read_or_named(tmp_path: Path, name: str) -> None:
    (tmp_path / "records" / name).parent.mkdir(parents=True)
    (tmp_path / "records" / "p.ttl").write_text(PATIENT, "utf-8")
    (tmp_path / "records" / name).write_text(PATIENT.replace("ex:p ", "ex:q "), "utf-8")
    out = tmp_path / "answers.csv"
    outcome = guideproof("batch", tmp_path / "records", out, "--as-of", AS_OF, "--only", "status", memory=None)
    assert "[internal]" not in outcome.err
    assert name in outcome.err or "https://example.org/q," in out.read_text("utf-8")


def test_what_spark_leaves_beside_its_parts_is_no_record(tmp_path: Path) -> None:
    records = tmp_path / "ward"
    records.mkdir()
    WARD.write_parquet(records / "part-0.parquet")
    for name in ("_SUCCESS", "._SUCCESS.crc", ".part-0.parquet.crc"):
        (records / name).write_bytes(b"")
    outcome, rows = decided(records, tmp_path / "answers.csv")
    assert outcome.code == 0 and len(rows) == 2


# -- files of a guideline's directory --

CONTRACT = """
@prefix gp: <https://w3id.org/guideproof/core#> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix pot: <https://example.org/pot#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix sh: <http://www.w3.org/ns/shacl#> .

<https://example.org/pot/shapes/local> a owl:Ontology .

pot:shape-DaysRequired a sh:PropertyShape ;
    rdfs:label "Dry days are recorded"@en ;
    sh:targetClass gp:Patient ;
    sh:path pot:dryDays ;
    sh:minCount 1 ;
    sh:severity sh:Violation ;
    sh:order 4 ;
    sh:message "no dry days are recorded"@en ;
    gp:remedy "record them"@en ;
    gp:code "days-missing" .
"""
NAMES = (
    "shapes/local-record.ttl",
    "shapes/local.turtle",
    "shapes/local.TTL",
    "shapes/ward/local.ttl",
    "shapes/local.shacl",
    "shapes/local.nt.ttl",
)
OTHERS = ("ontology/more.turtle", "ontology/more.TTL", "ontology/parts/more.ttl", "queries/own.sparql")


@pytest.mark.parametrize("name", NAMES)
def test_a_contract_under_any_name_holds_or_is_named(tmp_path: Path, name: str) -> None:
    root = added(copied(tmp_path, TINY), name, CONTRACT)
    outcome = classify("ex:p a gp:Patient ; gp:lacksFinding pot:SoggySoil .", guideline=root)
    assert "days-missing" in outcome.err or Path(name).name in outcome.err, outcome


@pytest.fixture(scope="module")
def littered(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """`check` of a guideline in whose directory stand files under other names than ours."""
    root = copied(tmp_path_factory.mktemp("littered"), TINY)
    for name in NAMES:
        added(root, name, CONTRACT.replace("pot:shape-DaysRequired", f"pot:shape-{NAMES.index(name)}"))
    for name in (*OTHERS, "ontology/more.owl"):
        added(root, name, "# Of which nothing is read.\n")
    return guideproof("check", root, memory=None)


@pytest.mark.parametrize(
    "name",
    [*NAMES, *OTHERS, "ontology/more.owl"],
)
def test_check_names_a_file_that_it_does_not_use(littered: Outcome, name: str) -> None:
    """A contract that holds has findings of its own here, for it lacks much that `check` asks."""
    assert littered.code == 1 and name in littered.out


def test_red_flags_in_a_file_of_their_own_alert_all_the_same(tmp_path: Path) -> None:
    root = copied(tmp_path)
    path = root / "shapes" / "red-flags.ttl"
    head, *shapes = path.read_text("utf-8").split("\nsn:shape-")
    moved = [one for one in shapes if one.startswith(("alert-red-5", "ask-red-5"))]
    assert len(moved) == 2
    path.write_text("\nsn:shape-".join((head, *(one for one in shapes if one not in moved))), "utf-8")
    own = head.replace("shapes/red-flags>", "shapes/red-flags-neuro>")
    (root / "shapes" / "red-flags-neuro.ttl").write_text("\nsn:shape-".join((own, *moved)), "utf-8")
    outcome = classify("ex:p a gp:Patient ; gp:hasFinding [ a sn:ProgressiveNeurologicalDeficit ] .", guideline=root)
    if outcome.code == 0:
        assert "gp:RedFlag" in [one.get("severity") for one in outcome.answers[0]["alerts"]]
    else:
        assert coded(outcome) and "red-flags-neuro.ttl" in outcome.err


def test_the_contract_of_the_package_under_another_suffix(tmp_path: Path) -> None:
    root = copied(tmp_path)
    (root / "shapes" / "record.ttl").rename(root / "shapes" / "record.turtle")
    outcome = classify("ex:p a gp:Patient ; sn:conservativeTherapyWeeks 99999 .", guideline=root)
    assert outcome.code == 2 and ("out-of-range" in outcome.err or "record.turtle" in outcome.err)


# -- what a shape asks and nothing here runs --

SHAPE = """
pot:shape-Own a sh:PropertyShape ; rdfs:label "x"@en ; sh:severity sh:Violation ; sh:order 4 ; sh:message "no"@en ;
    gp:remedy "change it"@en ; gp:code "own" ; sh:targetClass gp:Patient ; sh:path <https://example.org/mrn> ; %s .
"""
ASKED = {
    "pattern of XML Schema": r'sh:pattern "^\\i\\c*$"',
    "broken pattern": 'sh:pattern "(["',
    "unknown flag": 'sh:pattern "a" ; sh:flags "%"',
    "pattern that is a number": "sh:pattern 7",
    "target in SPARQL": 'sh:target [ a sh:SPARQLTarget ; sh:select "SELECT ?this WHERE { ?this a ?c }" ]',
    "expression": "sh:expression [ sh:path gp:hasFinding ]",
    "JavaScript": 'sh:js [ a sh:JSConstraint ; sh:jsFunctionName "no" ]',
    "rule in JavaScript": 'sh:rule [ a sh:JSRule ; sh:jsFunctionName "no" ]',
}
RECORD = "ex:p a gp:Patient ; <https://example.org/mrn> 'abc' ; gp:lacksFinding pot:SoggySoil ."


@pytest.mark.parametrize("asked", cases(ASKED, "", UNRUN))
def test_classify_refuses_a_shape_that_it_cannot_run(tmp_path: Path, asked: str) -> None:
    root = added(copied(tmp_path, TINY), "shapes/record.ttl", SHAPE % asked)
    outcome = classify(RECORD, guideline=root)
    assert coded(outcome) and "shapes/record.ttl" in outcome.err and "shape-Own" in outcome.err


@pytest.fixture(scope="module")
def asked_for(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Any]]:
    """What `check` finds, by shape, in a guideline with a file for each shape that nothing here runs."""
    root = copied(tmp_path_factory.mktemp("asked"), TINY)
    path = root / "shapes" / "record.ttl"
    for number, asked in enumerate(ASKED.values()):
        added(root, "shapes/record.ttl", (SHAPE % asked).replace("shape-Own", f"shape-Own{number}"))
    outcome = guideproof("check", root, "--format", "json", memory=None)
    assert outcome.code == 1, outcome.err
    starts = [n for n, line in enumerate(path.read_text("utf-8").splitlines(), 1) if line.startswith("pot:shape-Own")]
    errors = [one for one in json.loads(outcome.out)["findings"] if one["severity"] == "error"]
    at = {start: [one for one in errors if one["line"] in (start, start + 1)] for start in starts}
    return dict(zip(ASKED, at.values(), strict=True))


@pytest.mark.parametrize("name", cases(ASKED.keys(), "", UNRUN))
def test_check_finds_a_shape_that_nothing_runs(asked_for: dict[str, list[Any]], name: str) -> None:
    assert asked_for[name]


# -- a slip that makes a fact foreign --

CONTEXT = {"gp": GP, "sn": SN, "ex": "https://example.org/"}
ABSENT = [{"@id": f"sn:{name}"} for name in ("RadicularSymptom", "ProgressiveNeurologicalDeficit")]


def document(**keys: Any) -> dict[str, Any]:
    """A patient in JSON-LD."""
    return {"@context": CONTEXT, "@id": "ex:p", "@type": "gp:Patient", "gp:lacksFinding": ABSENT, **keys}


FEVER = {"@type": "sn:Fever"}
SLIPS: dict[str, Any] = {
    "undefined key": document(hasFinding=FEVER),
    "undeclared prefix": document(**{"gd:hasFinding": FEVER}),
    "undeclared prefix of a class": document(**{"gp:hasFinding": {"@type": "snn:Fever"}}),
    "undeclared prefix of an identifier": document(**{"gp:lacksFinding": [{"@id": "snn:Fever"}]}),
    "null context": {**document(hasFinding=FEVER), "@context": None, f"{GP}lacksFinding": [], "@type": f"{GP}Patient"},
    "null context within": document(**{"gp:hasFinding": {"@context": None, "@type": "Fever"}}),
    "null context within, undefined key": document(
        **{"gp:hasFinding": {"@context": None, "@type": f"{SN}SchmorlsNode", "diameterMillimetre": 5}}
    ),
    "null in a list of contexts": {**document(**{"gp:hasFinding": FEVER}), "@context": [CONTEXT, None]},
    "null context of a term": {
        **document(finding={"@type": "sn:SchmorlsNode", "diameterMillimetre": 5}),
        "@context": {**CONTEXT, "finding": {"@id": "gp:hasFinding", "@context": None}},
    },
    "key that is null": {**document(finding=FEVER), "@context": {**CONTEXT, "finding": None}},
    "known key that is null": {**document(**{"gp:hasFinding": FEVER}), "@context": {**CONTEXT, "gp:hasFinding": None}},
    "key like a keyword": document(**{"@hasFinding": FEVER}),
    "type like a keyword": document(**{"gp:hasFinding": {"@types": "sn:Fever"}}),
    "term like a keyword": {**document(finding=FEVER), "@context": {**CONTEXT, "finding": {"@id": "@finding"}}},
    "relative identifier": {
        **document(**{"gp:lacksFinding": [{"@id": "BackPain"}], "gp:hasFinding": FEVER}),
        "@context": {**CONTEXT, "@base": None},
    },
    "relative class": document(**{"gp:hasFinding": {"@type": "Fever"}}),
    "wrong vocabulary": {**document(hasFinding=FEVER), "@context": {**CONTEXT, "@vocab": "https://example.org/v#"}},
    "value that is null": document(**{"gp:hasFinding": {"@type": None}}),
}


@pytest.mark.parametrize("given", SLIPS.values(), ids=SLIPS)
def test_a_slip_in_json_ld_is_no_silence(given: dict[str, Any]) -> None:
    outcome = classify(json.dumps(given), suffix="jsonld")
    if outcome.code == 0:
        assert outcome.states()[RED_FLAG] == "entailed"
    else:
        assert coded(outcome)


NAMED = {
    "undefined key": ("undefined-term", "hasFinding"),
    "null context within, undefined key": ("undefined-term", "diameterMillimetre"),
    "null context of a term": ("undefined-term", "diameterMillimetre"),
    "key that is null": ("undefined-term", "finding"),
    "known key that is null": ("undefined-term", "hasFinding"),
    "key like a keyword": ("undefined-term", "@hasFinding"),
    "relative identifier": ("relative-iri", "BackPain"),
}


@pytest.mark.parametrize("slip", NAMED)
def test_the_error_names_the_slip(slip: str) -> None:
    code, named = NAMED[slip]
    outcome = classify(json.dumps(SLIPS[slip]), suffix="jsonld")
    assert coded(outcome)[0] == code and named in outcome.err


UNDECLARED = {
    "undeclared prefix": ("gd:hasFinding", "gp:hasFinding"),
    "undeclared prefix of a class": ("snn:Fever", "sn:Fever"),
    "undeclared prefix of an identifier": ("snn:Fever", "sn:Fever"),
}


@pytest.mark.parametrize("slip", UNDECLARED)
def test_an_undeclared_prefix_of_json_ld_has_the_right_one_as_remedy(slip: str) -> None:
    written, right = UNDECLARED[slip]
    outcome = classify(json.dumps(SLIPS[slip]), suffix="jsonld")
    assert coded(outcome) and written in outcome.err and right in remedy(outcome)


OURS = "w3id.org/guideproof/schmorl"
#: Ways to write the name of fever that name something else.
FOREIGN = {
    "prefix in brackets": "sn:Fever",
    "http": f"http://{OURS}#Fever",
    "www": f"https://www.{OURS}#Fever",
    "port": "https://w3id.org:443/guideproof/schmorl#Fever",
    "version": f"https://{OURS}/0.1.0#Fever",
    "slash": f"https://{OURS}/Fever",
    "no hash": f"https://{OURS}Fever",
    "two hashes": f"https://{OURS}%23Fever",
    "capitals": "https://W3ID.org/Guideproof/Schmorl#Fever",
    "http and www": f"http://www.{OURS}#Fever",
    "ending": f"https://{OURS}.ttl#Fever",
    "blank": f"https://{OURS}#%20Fever",
}
FORMS = {
    "finding": "ex:p a gp:Patient ; gp:hasFinding [ a <%s> ] .",
    "absent finding": "ex:p a gp:Patient ; gp:lacksFinding <%s> .",
    "finding by name": "ex:p a gp:Patient ; gp:hasFinding ex:f . ex:f a <%s> , gp:Finding .",
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
@pytest.mark.parametrize("written", FOREIGN.values(), ids=FOREIGN)
def test_a_foreign_name_for_a_class_has_the_right_one_as_remedy(written: str, form: str) -> None:
    outcome = classify(form % written)
    assert coded(outcome) and ("sn:Fever" in remedy(outcome) or f"{SN}Fever" in remedy(outcome))


def remedy(outcome: Outcome) -> str:
    """What the first error says to do."""
    return outcome.err.splitlines()[0].partition(" — ")[2]


@pytest.mark.parametrize("written", [key for key in FOREIGN if key != "blank"])
def test_a_foreign_name_for_a_property_has_the_right_one_as_remedy(written: str) -> None:
    predicate = FOREIGN[written].replace("Fever", "conservativeTherapyWeeks")
    outcome = classify(f"ex:p a gp:Patient ; <{predicate}> 8 ; gp:lacksFinding sn:BackPain .")
    assert coded(outcome) and "conservativeTherapyWeeks" in remedy(outcome)


@pytest.mark.parametrize(
    "written",
    ["prefix in brackets", "http", "www", "port"],
)
def test_a_foreign_name_for_a_property_of_the_core(written: str) -> None:
    name = FOREIGN[written].replace("sn:Fever", "gp:hasFinding").replace("schmorl#Fever", "core#hasFinding")
    outcome = classify(f"ex:p a gp:Patient ; <{name}> [ a sn:Fever ] ; gp:lacksFinding sn:BackPain .")
    assert coded(outcome) and "hasFinding" in remedy(outcome)


@pytest.mark.parametrize(
    "written",
    ["prefix in brackets", "http", "port", "no hash"],
)
@pytest.mark.parametrize("suffix", ["nt", "trig", "rdf", "jsonld"])
def test_a_foreign_name_in_every_syntax(written: str, suffix: str) -> None:
    name, kind = FOREIGN[written], "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"
    triples = (
        f"<https://example.org/p> <{kind}> <{GP}Patient> .\n"
        f"<https://example.org/p> <{GP}hasFinding> <https://example.org/f> .\n"
        f"<https://example.org/f> <{kind}> <{name}> .\n"
    )
    text = {
        "nt": triples,
        "trig": triples,
        "rdf": '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:gp="' + GP + '">'
        '<gp:Patient rdf:about="https://example.org/p"><gp:hasFinding><rdf:Description rdf:about="https://example.org/f">'
        f'<rdf:type rdf:resource="{name}"/></rdf:Description></gp:hasFinding></gp:Patient></rdf:RDF>',
        "jsonld": json.dumps(
            {"@id": "https://example.org/p", "@type": f"{GP}Patient", f"{GP}hasFinding": {"@type": name}}
        ),
    }[suffix]
    outcome = classify(text, suffix=suffix)
    assert coded(outcome) and ("sn:Fever" in remedy(outcome) or f"{SN}Fever" in remedy(outcome))


IN_BATCHES = ("prefix in brackets", "http", "no hash")


@pytest.fixture(scope="module")
def rejected(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The remedies of a batch of patients, each with a foreign name for one class, by patient."""
    root = tmp_path_factory.mktemp("foreign")
    lines = (f"ex:p{n} a gp:Patient ; gp:hasFinding [ a <{FOREIGN[name]}> ] ." for n, name in enumerate(IN_BATCHES))
    (root / "ward.ttl").write_text(PREFIXES + "\n".join(lines) + "\nex:q a gp:Patient ; gp:hasFinding [ a sn:Fever ] .")
    outcome = guideproof("batch", root / "ward.ttl", root / "a.csv", "--only", "status", memory=None)
    rows = pl.read_csv(root / "a.csv.rejects.csv").to_dicts()
    assert (outcome.code, len(rows)) == (2, len(IN_BATCHES))
    return {row["patient"]: row["remedy"] for row in rows}


@pytest.mark.parametrize("written", IN_BATCHES)
def test_a_foreign_name_in_a_batch_is_rejected_with_the_right_one(rejected: dict[str, str], written: str) -> None:
    assert "sn:Fever" in rejected[f"https://example.org/p{IN_BATCHES.index(written)}"]


# -- lexical forms with a newline --

THERAPY = """ex:p a gp:Patient ; gp:hasFinding [ a sn:SchmorlsNode ] , [ a sn:BackPain ] ;
    gp:lacksFinding sn:RadicularSymptom , sn:ConstitutionalSymptom , sn:ProgressiveNeurologicalDeficit ,
        sn:NewOrWorseningLocalizedBackPain ;
    gp:underwent [ a sn:PhysicalTherapy ; %s ] ."""
UCUM = "https://w3id.org/cdt/ucum"
ENDED = {
    "duration": f'gp:duration "8 wk%s"^^<{UCUM}>',
    "weeks": 'gp:durationWeeks "8%s"^^xsd:integer',
    "decimal weeks": 'gp:durationWeeks "8.0%s"^^xsd:decimal',
    "month": 'gp:startDate "2026-09%s"^^xsd:gYearMonth ; gp:ongoing true',
    "year": 'gp:startDate "2025%s"^^xsd:gYear ; gp:ongoing true',
    "date": 'gp:startDate "2026-09-01%s"^^xsd:date ; gp:ongoing true',
    "end": 'gp:startDate "2026-09-01"^^xsd:date ; gp:endDate "2026-11-01%s"^^xsd:date',
    "ongoing": 'gp:startDate "2026-09-01"^^xsd:date ; gp:ongoing "true%s"^^xsd:boolean',
}


@pytest.mark.parametrize("value", ENDED.values(), ids=ENDED)
def test_a_newline_at_the_end_of_a_value(value: str) -> None:
    """Refused, or read as the value without it: never accepted, and then not read."""
    assert classify(THERAPY % (value % "")).states()["sn:MriAssessment"] == "entailed"
    for end in ("\\n", "\\r", "\\r\\n", "\\n\\n"):
        outcome = classify(THERAPY % (value % end))
        if outcome.code == 0:
            assert outcome.states()["sn:MriAssessment"] == "entailed"
        else:
            assert coded(outcome)


DIAMETERS = {
    "with a unit": f'sn:diameter "10 mm%s"^^<{UCUM}>',
    "in millimetres": 'sn:diameterMillimetre "10.0%s"^^xsd:decimal',
}


@pytest.mark.parametrize("value", DIAMETERS.values(), ids=DIAMETERS)
def test_a_newline_at_the_end_of_a_diameter(value: str) -> None:
    node = "ex:p a gp:Patient ; gp:hasFinding [ a sn:SchmorlsNode ; %s ] ."
    assert classify(node % (value % "")).states()["sn:NoTreatmentOrFollowUp"] == "excluded"
    outcome = classify(node % (value % "\\n"))
    if outcome.code == 0:
        assert outcome.states()["sn:NoTreatmentOrFollowUp"] == "excluded"
    else:
        assert coded(outcome) == ["wrong-datatype"]


def test_a_newline_of_a_pretty_printed_element() -> None:
    node = (
        f'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:gp="{GP}" xmlns:sn="{SN}">'
        '<gp:Patient rdf:about="https://example.org/p"><gp:hasFinding><sn:SchmorlsNode>'
        f'<sn:diameter rdf:datatype="{UCUM}">10 mm\n</sn:diameter></sn:SchmorlsNode>'
        "</gp:hasFinding></gp:Patient></rdf:RDF>"
    )
    outcome = classify(node, suffix="rdf")
    if outcome.code == 0:
        assert outcome.states()["sn:NoTreatmentOrFollowUp"] == "excluded"
    else:
        assert coded(outcome) == ["wrong-datatype"]


def test_a_newline_in_a_batch(tmp_path: Path) -> None:
    lines = [THERAPY.replace("ex:p ", f"ex:p{n} ") % (value % "\\n") for n, value in enumerate(ENDED.values())]
    (tmp_path / "ward.ttl").write_text(PREFIXES + "\n".join(lines), "utf-8")
    out = tmp_path / "answers.csv"
    guideproof("batch", tmp_path / "ward.ttl", out, "--as-of", AS_OF, "--only", "sn:MriAssessment", memory=None)
    rejected = pl.read_csv(f"{out}.rejects.csv")["patient"].to_list() if Path(f"{out}.rejects.csv").exists() else []
    rows = {row["patient"]: row["sn:MriAssessment"] for row in pl.read_csv(out).to_dicts()} if out.exists() else {}
    assert len(set(rejected) | set(rows)) == len(lines)
    assert all(value is True for patient, value in rows.items() if patient not in rejected)


# -- what Python callers give --

DATED = PREFIXES + THERAPY % 'gp:startDate "2026-10-11"^^xsd:date ; gp:ongoing true'
Call = Callable[..., Any]


@pytest.fixture
def dated(tmp_path: Path) -> Path:
    """A record whose answer depends on the date for which it is read."""
    path = tmp_path / "dated.ttl"
    path.write_text(DATED, "utf-8")
    return path


def entailed(results: Any) -> set[str]:
    [answer] = json.loads(json.dumps([reasoner.JsonRenderer(reasoner.load_guideline()).render(results)]))
    return {one["class"] for one in answer["conclusions"] if one["state"] == "entailed"}


TIMES = {"midnight": datetime(2026, 11, 22), "afternoon": datetime(2026, 11, 22, 15, 30)}
CALLS = ("classify_files", "classify")


def called(call: str, dated: Path, when: Any, **options: Any) -> Any:
    """The results of one of the public functions that classify."""
    given: Any = [dated] if call == "classify_files" else reasoner.load([dated])
    return getattr(reasoner, call)(reasoner.load_guideline(), given, when, **options)


@pytest.mark.parametrize("when", TIMES.values(), ids=TIMES)
@pytest.mark.parametrize("call", CALLS)
def test_a_time_of_day_for_a_date(dated: Path, when: datetime, call: str) -> None:
    """A `datetime` is a `date` to a type checker: it is read as its day, or is a TypeError."""
    right = entailed(called(call, dated, date(2026, 11, 22)))
    assert "sn:MriAssessment" in right
    try:
        results = called(call, dated, when)
    except TypeError:
        return
    assert entailed(results) == right


@pytest.mark.parametrize("when", [AS_OF, 20261122, None])
@pytest.mark.parametrize("call", CALLS)
def test_something_else_for_a_date(dated: Path, when: object, call: str) -> None:
    with pytest.raises((TypeError, ValueError)):
        called(call, dated, when)


@pytest.mark.parametrize("call", ["load", "classify_files"])
@pytest.mark.parametrize("form", [str, bytes, Path])
def test_one_path_where_a_list_is_asked(dated: Path, call: str, form: Call) -> None:
    """The letters of a path are no paths."""
    given = bytes(dated) if form is bytes else form(dated)
    with pytest.raises(TypeError):
        if call == "load":
            reasoner.load(given)
        else:
            reasoner.classify_files(reasoner.load_guideline(), given, date(2026, 11, 22))


@pytest.mark.parametrize("engine", ["hermitt", "", "Compiled", "COMPILED", "pellet", None])
@pytest.mark.parametrize("call", CALLS)
def test_an_unknown_engine(dated: Path, engine: Any, call: str) -> None:
    with pytest.raises((TypeError, ValueError)):
        called(call, dated, date(2026, 11, 22), engine=engine)

"""Records with everything that a record can hold, and much that none may: a batch says what `classify` says.

Drafts of `broken_records` are changed several times over and read in every order and syntax, in units so small that
what belongs together lies apart. Answers are compared, and refusals by code, text and remedy.
"""

from __future__ import annotations

import csv
import random
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from pathlib import Path

import pyarrow.parquet as pq
import pyoxigraph as ox
import pytest
from broken_records import CHANGES, CORE, SN, TYPE, XSD, Draft, Drafts

from reasoner.errors import RecordError
from reasoner.guidelines.guideline import Guideline, load_guideline
from reasoner.intake import sources
from reasoner.logic.decide import State
from reasoner.patient.assess import Refusal
from reasoner.patient.classify import classify
from reasoner.population.batch import Options, run_batch
from reasoner.rdf import read_text
from reasoner.records.record import gather
from reasoner.terms import curie

DAY = date(2026, 11, 22)
VALUES = {State.ENTAILED: True, State.EXCLUDED: False, State.UNDETERMINED: None}
OWL, RDFS = "http://www.w3.org/2002/07/owl#", "http://www.w3.org/2000/01/rdf-schema#"
UCUM = "https://w3id.org/cdt/ucum"

Answers = dict[str, dict[str, object]]
Refused = dict[str, set[tuple[str, str, str]]]


# -- what both say --


def by_classify(guideline: Guideline, data: bytes) -> tuple[Answers, Refused]:
    """The answers by patient, and why others are refused; patients without a name stand under ''."""
    answers: Answers = {}
    refused: Refused = {}
    for result in classify(guideline, gather([read_text(data, "records.nt", format="nt")]), DAY):
        if isinstance(result, Refusal):
            found = refused.setdefault(_name(str(result.patient)), set())
            found.update((p.code, p.what, p.remedy) for p in result.problems)
            continue
        named = {curie(iri, guideline.prefixes): VALUES[state] for iri, state in result.decision.states.items()}
        shapes = [check.shape for check in guideline.content.checks if not check.action]
        given = {check.shape for check in result.alerts}
        named |= {f"alert:{curie(shape, guideline.prefixes)}": shape in given for shape in shapes}
        verdicts = {f"verdict:{curie(order.action, guideline.prefixes)}": order.verdict for order in result.orders
                    if guideline.checks_of(order.action)}  # fmt: skip
        answers[result.patient] = _told({"status": result.status, **named, **verdicts})
    return answers, refused


def by_batch(guideline: Guideline, given: Path) -> tuple[Answers, Refused]:
    out = given.with_name(f"{given.name}.out.parquet")
    outcome = run_batch(guideline, given, out, Options(DAY, "parquet"))
    answers = {str(row.pop("patient")): _told(row) for row in pq.read_table(out).to_pylist()}
    refused: Refused = {}
    if outcome.rejects_file:
        with outcome.rejects_file.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                refused.setdefault(row["patient"], set()).add((row["code"], row["reason"], row["remedy"]))
    return answers, refused


def _name(patient: str) -> str:
    return patient if ":" in patient and not patient.startswith("_:") else ""


def _told(row: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in row.items() if value is not None}


def agree(found: tuple[Answers, Refused], expected: tuple[Answers, Refused]) -> None:
    for one, other in zip(found, expected, strict=True):
        assert {p: one[p] for p in one if one[p] != other.get(p)} == {
            p: other[p] for p in other if other[p] != one.get(p)
        }


# -- further changes --


def _finding(draft: Draft, kind: str = "", link: str = "gp:hasFinding") -> str:
    draft.number += 10_000
    node = draft.rng.choice((draft.new("n"), f"<https://example.org/n{draft.number}>"))
    draft.say(draft.patient, link, node)
    draft.say(
        node, TYPE, draft.one(kind or "sn:SchmorlsNode sn:BackPain sn:Fever sn:ConstitutionalSymptom sn:ModicChange")
    )
    return node


def _act(draft: Draft) -> str:
    kinds = "sn:PhysicalTherapy sn:NsaidTherapy sn:ConservativeTherapy sn:SpineMri sn:Vertebroplasty sn:FollowUpImaging"
    return _finding(draft, kinds, draft.rng.choice(("gp:underwent", "gp:proposes")))


DAYS = "2026-03-01|2026-03|2026|2026-11-23|2026-02-30"


def _day(draft: Draft) -> str:
    text = draft.rng.choice(DAYS.split("|"))
    return draft.literal(text, {4: "gYear", 7: "gYearMonth"}.get(len(text), "date"))


def _dated(draft: Draft) -> None:
    node = _finding(draft, "sn:PhysicalTherapy sn:NsaidTherapy", "gp:underwent")
    said = {
        "gp:startDate": _day(draft), "gp:endDate": _day(draft),
        "gp:durationWeeks": draft.literal("6|6.5|1e1", "decimal double"),
        "gp:duration": draft.literal("56 d|1 mo", UCUM), "gp:ongoing": draft.literal("true|1", "boolean"),
    }  # fmt: skip
    for name in draft.rng.sample(sorted(said), draft.rng.randint(0, 2)):
        draft.say(node, name, said[name])


def _index_too(draft: Draft) -> None:
    node = _finding(draft, "sn:SchmorlsNode")
    draft.say(draft.patient, "sn:indexNode", node)
    draft.say(node, "sn:vertebra", draft.one("sn:L4 sn:T12"))
    draft.say(node, "sn:diameter", draft.literal("3 mm|0.9 cm", UCUM))


def _pain_at_the_level(draft: Draft) -> None:
    for kind in ("sn:SchmorlsNode", "sn:BackPain"):
        draft.say(_finding(draft, kind), "sn:vertebra", draft.one("sn:L4 sn:L4 sn:L1"))


NUMBERS = (
    "3|+3|.5|5.|1e1|INF|NaN|1_0| 3|03|0x1|1e400|٣|5.99999999999999999999999999|60.0000000000000000001|" + "1" * 120
)


def _odd_number(draft: Draft) -> None:
    value = draft.literal(NUMBERS, "decimal integer double float string boolean nonNegativeInteger anyURI")
    draft.say(
        draft.rng.choice((draft.node, draft.patient)),
        draft.rng.choice(("sn:diameterMillimetre", "sn:conservativeTherapyWeeks")),
        value,
    )


NOTES = (
    '"x"@en-GB', '"x"@zh-Hans-CN', '"t\\n\\"q\\""', '"\\u00e9\\U0001F600"', '"\x7f"', f'"x"^^<{XSD}string>',
    f'"abc"^^<{XSD}integer>', f"<{SN}Fever>", f"<{SN}Q>", f"<{SN}vertebra>", "<https://example.org/thing>", "_:nothing",
    f"<{OWL}Class>",
)  # fmt: skip
FOREIGN = (
    f"{RDFS}label", f"{RDFS}seeAlso", f"{RDFS}domain", "http://purl.org/dc/terms/source", f"{OWL}versionInfo",
    f"{OWL}sameAs", "http://www.w3.org/ns/prov#wasDerivedFrom", "https://example.org/note",
)  # fmt: skip


def _note(draft: Draft) -> None:
    node = draft.rng.choice((draft.node, draft.patient))
    draft.say(node, f"<{draft.rng.choice(FOREIGN)}>", draft.rng.choice((*NOTES, draft.node, draft.patient)))


def _odd_type(draft: Draft) -> None:
    kinds = (
        "<https://example.org/T>", f"<{OWL}NamedIndividual>", f"<{OWL}Thing>", f"<{OWL}Ontology>", '"Person"',
        draft.node, draft.patient, f"<{CORE}Patient>", f"<{CORE}Act>", f"<{SN}L4>", f"<{SN}vertebra>", f"<{SN}#Fever>",
        f"<{SN[:-1]}/Fever>",
    )  # fmt: skip
    draft.say(draft.rng.choice((draft.node, draft.node, draft.patient)), TYPE, draft.rng.choice(kinds))


def _denial(draft: Draft) -> None:
    values = (
        f"<{SN}Fever>",
        f"<{SN}BackPain>",
        f"<{SN}SpineMri>",
        f"<{CORE}Act>",
        draft.node,
        draft.patient,
        '"x"',
        "_:z",
        f"<{SN}L4>",
    )
    draft.say(draft.patient, draft.rng.choice(("gp:lacksFinding", "gp:didNotUndergo")), draft.rng.choice(values))


def _another_patient(draft: Draft) -> None:
    links = ("gp:hasFinding", "gp:lacksFinding", "ex:knows", "sn:indexNode", "sn:vertebra", "gp:proposes")
    other = f"<https://example.org/p{draft.number % 10_000 + 1}>"
    draft.say(draft.rng.choice((draft.patient, draft.node)), draft.rng.choice(links), other)


def _deeper(draft: Draft) -> None:
    node, below = draft.node, _finding(draft, "sn:Fever", "ex:sees")
    draft.say(node, draft.rng.choice(("sn:vertebra", "sn:endplate", "gp:hasFinding", "sn:diameter")), below)


def _ring(draft: Draft) -> None:
    links, ends = ("sn:vertebra", "gp:hasFinding", "ex:note", "gp:underwent"), (draft.patient, draft.node)
    draft.say(draft.node, draft.rng.choice(links), draft.rng.choice(ends))


def _again(draft: Draft) -> None:
    draft.lines += draft.rng.sample(draft.lines, min(3, len(draft.lines)))


NAMES = (
    "https://example.org/%C3%A9/{}", "https://example.org/é/{}", "https://example.org/\\u00e9/{}", "urn:x:{}",
    "mailto:a{}@b.c", "https://example.org/a(b)'{}", "https://example.org/p?x=1&y={}", "https://example.org/x#{}",
    "HTTPS://EXAMPLE.org/{}", "https://example.org/\\U0001F600{}", f"{SN}p{{}}", f"{SN[:-1]}x#{{}}", "https://[::1]/{}",
)  # fmt: skip


def _renamed(draft: Draft) -> None:
    name = draft.rng.choice([*(f"<{name.format(draft.number)}>" for name in NAMES), draft.new("patient")])
    draft.lines = [line.replace(f"{draft.patient} ", f"{name} ") for line in draft.lines]
    draft.patient = name


def _foreign_node(draft: Draft) -> None:
    node = f"<https://example.org/doc{draft.number}>"
    draft.say(draft.node, "ex:by", node)
    draft.say(node, "ex:of", draft.rng.choice((draft.patient, draft.node, f"<{SN}Fever>", '"x"')))
    draft.say(node, TYPE, "<https://example.org/Doc>")


MORE: dict[str, Callable[[Draft], object]] = {
    change.__name__: change
    for change in (_finding, _act, _dated, _index_too, _pain_at_the_level, _odd_number, _note, _odd_type, _denial,
                   _another_patient, _deeper, _ring, _again, _renamed, _foreign_node)
}  # fmt: skip
#: One node of many records, and so no change that belongs to one patient.
KNOWN = {"shared node"}
EVERY = {name: change for name, change in CHANGES.items() if name not in KNOWN} | MORE
#: What conforms more often than not.
GENTLE = ("nothing", "order", "label", "declared", "named node", "document", "_finding", "_act", "_dated", "_index_too",
          "_pain_at_the_level", "_again", "_renamed", "_foreign_node", "_note")  # fmt: skip


def drawn(guideline: Guideline, seed: int, size: int) -> list[Draft]:
    """Drafts that are changed up to four times, without those for which `classify` refuses their whole file."""
    drafts, rng = Drafts(guideline, seed), random.Random(seed)
    found = []
    for number in range(size):
        draft = drafts.draft(number, "nothing")
        draft.rng = rng
        for name in rng.choices(GENTLE if rng.random() < 0.5 else tuple(EVERY), k=rng.randint(0, 4)):
            EVERY[name](draft)
        found.append(draft)
    while strays := _strays(guideline, found):
        found = [draft for draft in found if draft not in strays]
    return found


def _strays(guideline: Guideline, drafts: Sequence[Draft]) -> list[Draft]:
    try:
        by_classify(guideline, as_bytes(drafts))
    except RecordError as error:
        ends, wrong, start = {problem.line for problem in error.problems}, [], 1
        for draft in drafts:
            wrong += [draft] if ends & set(range(start, start + len(draft.lines))) else []
            start += len(draft.lines)
        return wrong
    return []


def as_bytes(drafts: Iterable[Draft]) -> bytes:
    return "".join(f"{line}\n" for draft in drafts for line in draft.lines).encode()


# -- the comparison --


@pytest.fixture(scope="module", params=[1, 2, 3])
def both(request: pytest.FixtureRequest, guideline: Guideline) -> tuple[bytes, tuple[Answers, Refused]]:
    """Drafts, and what `classify` says of them."""
    drafts = drawn(guideline, request.param, 130)
    assert len(drafts) > 100
    data = as_bytes(drafts)
    return data, by_classify(guideline, data)


def test_drafts_are_of_every_kind(both: tuple[bytes, tuple[Answers, Refused]]) -> None:
    answers, refused = both[1]
    assert len(answers) > 30
    assert len(refused) > 30
    assert len({code for faults in refused.values() for code, _, _ in faults}) > 8
    assert min(Counter(row["status"] for row in answers.values()).values()) > 0


@pytest.mark.parametrize("order", ["as drawn", "shuffled", "sorted", "backwards"])
def test_the_same_in_every_order(
    guideline: Guideline, both: tuple[bytes, tuple[Answers, Refused]], order: str, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    data, expected = both
    lines = data.splitlines(keepends=True)
    if order != "as drawn":
        monkeypatch.setattr(sources, "BYTES", 40_000)
    if order == "shuffled":
        random.Random(1).shuffle(lines)
    lines = {"sorted": sorted(lines), "backwards": lines[::-1]}.get(order, lines)
    (tmp_path / "records.nt").write_bytes(b"".join(lines))
    agree(by_batch(guideline, tmp_path / "records.nt"), expected)


@pytest.mark.parametrize("suffix", ["ttl", "trig", "rdf"])
def test_the_same_in_other_syntaxes(
    guideline: Guideline, both: tuple[bytes, tuple[Answers, Refused]], suffix: str, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(sources, "BYTES", 40_000)
    kind = {"ttl": ox.RdfFormat.TURTLE, "trig": ox.RdfFormat.TRIG, "rdf": ox.RdfFormat.RDF_XML}[suffix]
    given = tmp_path / f"records.{suffix}"
    quads = list(ox.parse(both[0], ox.RdfFormat.N_TRIPLES))
    given.write_bytes(ox.serialize(quads, format=kind) or b"")
    agree(by_batch(guideline, given), both[1])


@pytest.mark.parametrize("node", ["_:b", "<https://example.org/n>"])
def test_a_node_of_two_patients_in_two_units(
    guideline: Guideline, node: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each unit describes it in full, so that only both together show that it is one."""
    monkeypatch.setattr(sources, "BYTES", 4_000)
    lines = []
    for number in range(100):
        patient, finding = f"<https://example.org/p{number}>", node if number in (3, 80) else f"_:n{number}"
        lines += [f"{patient} {TYPE} <{CORE}Patient> .", f"{patient} <{CORE}hasFinding> {finding} .",
                  f"{finding} {TYPE} <{SN}Fever> ."]  # fmt: skip
    (tmp_path / "records.nt").write_text("\n".join(lines), encoding="utf-8")
    expected = by_classify(guideline, (tmp_path / "records.nt").read_bytes())
    assert expected[1].keys() == {"https://example.org/p3", "https://example.org/p80"}
    agree(by_batch(guideline, tmp_path / "records.nt"), expected)


def test_what_no_patient_leads_to_is_refused_one_by_one(guideline: Guideline, tmp_path: Path) -> None:
    """Here a batch means to differ: `classify` refuses the file. What it blames is blamed, and nothing else."""
    fine = f"<https://example.org/p> {TYPE} <{CORE}Patient> .\n"
    for line in (
        f"_:lost {TYPE} <{SN}Fever> .",
        f"<https://example.org/lost> <{SN}vertebra> <{SN}L4> .",
        f'<{SN}Fever> <https://example.org/note> "hot" .',
        f"<https://example.org/x> <https://example.org/is> <{SN}Nothing> .",
        f"<https://example.org/x> <{RDFS}subClassOf> <https://example.org/y> .",
        f"<https://example.org/x> {TYPE} <{OWL}Class> .",
        f'<https://example.org/x> <{CORE}asOf> "2026-01-01"^^<{XSD}date> .',
    ):
        with pytest.raises(RecordError) as error:
            by_classify(guideline, f"{fine}{line}\n".encode())
        (tmp_path / "stray.nt").write_text(f"{fine}{line}\n", encoding="utf-8")
        answers, refused = by_batch(guideline, tmp_path / "stray.nt")
        assert answers.keys() == {"https://example.org/p"}
        told = {(problem.code, problem.what, problem.remedy) for problem in error.value.problems}
        assert set().union(*refused.values()) == told, line
    for line in (
        f"<https://example.org/x> {TYPE} <{OWL}Ontology> .",
        f'<https://example.org/x> <{OWL}versionInfo> "1" .',
        f"<{SN}Fever> {TYPE} <{OWL}NamedIndividual> .",
        "<https://example.org/x> <urn:x:y> _:z .",
    ):
        agree(_with(guideline, tmp_path, fine, line), by_classify(guideline, f"{fine}{line}\n".encode()))


def _with(guideline: Guideline, folder: Path, *lines: str) -> tuple[Answers, Refused]:
    (folder / "more.nt").write_text("\n".join(lines), encoding="utf-8")
    return by_batch(guideline, folder / "more.nt")


# -- another guideline --

POT = "https://example.org/pot#"


def test_the_second_guideline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its contract does not say that a quantity has one value, nor that it is a number."""
    guideline, rng, lines = load_guideline(Path(__file__).parent / "tiny"), random.Random(5), []
    for number in range(300):
        patient = f"<https://example.org/q{number}>"
        lines.append(f"{patient} {TYPE} <{CORE}Patient> .")
        for _ in range(rng.randint(0, 3)):
            node = f"_:n{len(lines)}"
            days, wet = rng.choice(("3", "5", "5.0", "7", "100", "abc")), rng.choice(("SoggySoil", "StandingWater"))
            lines += rng.choice([
                [f'{patient} <{POT}dryDays> "{days}"^^<{XSD}{rng.choice(("decimal", "integer"))}> .'],
                [f"{patient} <{CORE}hasFinding> {node} .", f"{node} {TYPE} <{POT}{wet}> ."],
                [f"{patient} <{CORE}{rng.choice(('underwent', 'proposes'))}> {node} .",
                 f"{node} {TYPE} <{POT}Watering> ."],
                [f"{patient} <{CORE}lacksFinding> <{POT}{rng.choice((wet, 'Watering'))}> ."],
                [f"{patient} <{POT}dryDays> {node} .", f"{node} {TYPE} <{POT}SoggySoil> ."],
            ])  # fmt: skip
    data = "".join(f"{line}\n" for line in lines).encode()
    expected = by_classify(guideline, data)
    codes = {code for faults in expected[1].values() for code, _, _ in faults}
    assert {"contradictory-record", "out-of-range"} <= codes
    for size in (4_000, 1 << 24):
        monkeypatch.setattr(sources, "BYTES", size)
        (tmp_path / "pots.nt").write_bytes(data)
        agree(by_batch(guideline, tmp_path / "pots.nt"), expected)

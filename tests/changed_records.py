"""Drafts of `broken_records` changed several times over: everything that a record can hold, and much that none may."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence

from both_doors import by_classify
from broken_records import CHANGES, CORE, SN, TYPE, XSD, Draft, Drafts

from reasoner.errors import RecordError
from reasoner.guideline.guideline import Guideline

OWL, RDFS = "http://www.w3.org/2002/07/owl#", "http://www.w3.org/2000/01/rdf-schema#"
UCUM = "https://w3id.org/cdt/ucum"


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


#: What always conforms, and belongs to one patient alone.
KIND = ("nothing", "order", "label", "named node", "document", "_again")


def gentle(guideline: Guideline, seed: int, size: int) -> list[Draft]:
    """Drafts that conform, changed once or twice."""
    drafts, rng = Drafts(guideline, -seed), random.Random(-seed)
    found = []
    for number in range(size):
        draft = drafts.draft(number, "nothing")
        draft.rng = rng
        for name in rng.sample(KIND, rng.randint(0, 2)):
            EVERY[name](draft)
        found.append(draft)
    return found


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

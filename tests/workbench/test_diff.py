"""Comparing two versions: mutated copies are told apart by axiom and witness, rewritten ones are not told apart at all.

Every witness is classified under both versions here, from its Turtle alone.
"""

from __future__ import annotations

import json
import random
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from itertools import product
from pathlib import Path

import pytest
from clean_guideline import CLEAN, PLANT, guideline_of
from conftest import TESTS
from random_records import Records, describe
from rdflib import BNode, Graph
from rdflib.term import Node
from rich.console import Console
from typer.testing import CliRunner

from reasoner.cli.author import app
from reasoner.errors import ContradictionError, GuidelineError, GuideproofError, InputError, RecordError
from reasoner.guideline.guideline import Guideline, home, load_guideline
from reasoner.logic.clauses import bits
from reasoner.logic.decide import decide
from reasoner.logic.expressions import And, AtomLeaf, Expr, Name, Not, Or
from reasoner.logic.theory import Atom
from reasoner.patient.assess import Assessment, Refusal
from reasoner.patient.classify import classify_text
from reasoner.render.as_json import JsonRenderer
from reasoner.terms import expand, local_name
from reasoner.workbench.diff.diff import GuidelineDiff, diff
from reasoner.workbench.diff.render import DiffWriter
from reasoner.workbench.diff.versions import two_versions

DAY = date(2026, 11, 22)
ROOT = home()
Json = dict[str, object]


def copied(folder: Path, source: Path = ROOT) -> Path:
    """A guideline's files in another place."""
    for name in ("ontology", "shapes"):
        shutil.copytree(source / name, folder / name)
    return folder


def edited(folder: Path, file: str, *edits: tuple[str, str]) -> Path:
    """A copy of the guideline with texts of one file replaced, each of which stands there just once."""
    path = copied(folder) / file
    text = path.read_text("utf-8")
    for before, after in edits:
        assert text.count(before) == 1, f"{text.count(before)} times: {before}"
        text = text.replace(before, after)
    path.write_text(text, "utf-8")
    return folder


def compared(old: Guideline, directory: Path) -> tuple[GuidelineDiff, DiffWriter, Guideline]:
    new = load_guideline(directory, cache=False)
    found = diff(old, new)
    return found, DiffWriter(found, (old, new), ("old", "new")), new


def document(renderer: DiffWriter) -> Json:
    found = json.loads(renderer.json())
    assert isinstance(found, dict)
    return found


# -- what a witness shows --


def answer(guideline: Guideline, turtle: str) -> Assessment | Refusal:
    try:
        return classify_text(guideline, turtle, DAY)[0]
    except RecordError as error:
        return Refusal(None, error.problems)


def state(result: Assessment | Refusal, guideline: Guideline, curie: str) -> str:
    if isinstance(result, Refusal):
        return "contradictory" if result.problems[0].code == "contradictory-record" else "refused"
    iri = expand(curie, guideline.prefixes)
    return str(result.decision.states.get(str(iri), "unknown"))


def checked_shifts(found: Json, old: Guideline, new: Guideline) -> int:
    """How many witnesses of classes show, classified under both versions, just the states that are claimed."""
    shown = 0
    for cls in found["classes"]:  # type: ignore[attr-defined]
        for change in cls["changes"]:
            witness = change["witness"]
            if witness is None:
                continue
            for guideline, side in ((old, "old"), (new, "new")):
                expected = change[side] if side in witness["acceptedBy"] else "refused"
                got = state(answer(guideline, witness["turtle"]), guideline, cls["class"])
                assert got == expected, (cls["class"], side, witness["turtle"])
            shown += 1
    return shown


def answers_differ(turtle: str, old: Guideline, new: Guideline) -> bool:
    """Whether the JSON of two answers, the places of axioms aside, differs."""
    texts = []
    for guideline in (old, new):
        result = answer(guideline, turtle)
        rendered = json.dumps(JsonRenderer(guideline).render([result]), sort_keys=True)
        texts.append(re.sub(r'"line": \d+', "", rendered))
    return texts[0] != texts[1]


def witnesses(found: Json) -> Iterator[str]:
    told = [*found["texts"], *found["shapes"], *found["patients"]]  # type: ignore[misc]
    told += [change for cls in found["classes"] for change in cls["changes"]]  # type: ignore[attr-defined]
    yield from (one["witness"]["turtle"] for one in told if one["witness"])


# -- mutated copies --


@dataclass(frozen=True)
class Mutant:
    """An edit, the axiom or text that it changes, and a class whose answer changes (none where only texts do)."""

    name: str
    edits: tuple[tuple[str, str], ...]
    axiom: str = ""
    cls: str = ""
    text: tuple[str, str] = ("", "")
    file: str = "ontology/schmorl.ttl"


MUTANTS = [
    Mutant("threshold moved", (("xsd:minInclusive 6.0", "xsd:minInclusive 8.0"),), "sn:AtLeast6WeeksPatient",
           "sn:MriAssessment"),
    Mutant("strictness changed", (("xsd:maxInclusive 3.0", "xsd:maxExclusive 3.0"),), "sn:SmallNodePatient",
           "sn:NoTreatmentOrFollowUp"),
    Mutant("literal dropped", (("        sn:AtLeast6WeeksPatient\n        [ a owl:Class ; owl:complementOf "
                                "sn:SpineMriPatient ]", "        sn:AtLeast6WeeksPatient"),), "sn:MriAssessment",
           "sn:MriAssessment"),
    Mutant("literal negated", (("        sn:SchmorlsNodePatient\n        sn:RedFlagPatient\n",
                                "        sn:SchmorlsNodePatient\n        [ a owl:Class ; owl:complementOf "
                                "sn:RedFlagPatient ]\n"),), "sn:RedFlagReassessmentNeeded",
           "sn:RedFlagReassessmentNeeded"),
    Mutant("and swapped for or", (("owl:intersectionOf ( sn:NewOrWorseningPainPatient sn:AtLeast6WeeksPatient )",
                                   "owl:unionOf ( sn:NewOrWorseningPainPatient sn:AtLeast6WeeksPatient )"),),
           "sn:RefractoryPainPatient", "sn:RefractoryPainPatient"),
    Mutant("or swapped for and", (("owl:unionOf (\n        sn:RefractoryPainPatient\n",
                                   "owl:intersectionOf (\n        sn:RefractoryPainPatient\n"),), "sn:RedFlagPatient",
           "sn:RedFlagPatient"),
    Mutant("class added", (("# Context criteria ----", """sn:FeverPatient a owl:Class , gp:ManagementClass ;
    rdfs:subClassOf gp:Patient ;
    owl:equivalentClass [ a owl:Class ; owl:intersectionOf ( gp:Patient
        [ a owl:Restriction ; owl:onProperty gp:hasFinding ; owl:someValuesFrom sn:Fever ] ) ] ;
    gp:recommends sn:rec-further-evaluation ;
    gp:warrantedBy sn:red-4 .

# Context criteria ----"""),), "sn:FeverPatient", "sn:FeverPatient"),
    Mutant("new red flag", (("        sn:NeurologicalPatient\n    ) ] ;\n    gp:warrantedBy sn:red-1",
                             "        sn:NeurologicalPatient\n        sn:IncontinentPatient\n    ) ] ;\n"
                             "    gp:warrantedBy sn:red-1"),
                            ("# Red flags ----", """sn:Incontinence a owl:Class ;
    rdfs:subClassOf gp:Finding .

sn:IncontinentPatient a owl:Class , gp:Criterion , gp:RedFlagCriterion ;
    rdfs:subClassOf gp:Patient ;
    owl:equivalentClass [ a owl:Class ; owl:intersectionOf ( gp:Patient
        [ a owl:Restriction ; owl:onProperty gp:hasFinding ; owl:someValuesFrom sn:Incontinence ] ) ] ;
    gp:warrantedBy sn:red-5 .

# Red flags ----""")), "sn:RedFlagPatient", "sn:NoFollowUpImaging"),
    Mutant("finding moved below another", (("sn:AcuteOnset a owl:Class ;\n    rdfs:subClassOf gp:Finding",
                                            "sn:AcuteOnset a owl:Class ;\n    rdfs:subClassOf sn:BackPain"),),
           "sn:AcuteOnset", "sn:BackPainPatient"),
    Mutant("individuals no longer different", (("[] a owl:AllDifferent ;\n    owl:distinctMembers ( "
                                                "sn:SuperiorEndplate sn:InferiorEndplate ) .\n", ""),),
           "sn:InferiorEndplate", "sn:NodeInferiorPatient"),
    Mutant("subclass dropped", (("sn:LocalizedBackPain a owl:Class ;\n    rdfs:subClassOf sn:BackPain ;",
                                 "sn:LocalizedBackPain a owl:Class ;\n    rdfs:subClassOf gp:Finding ;"),),
           "sn:LocalizedBackPain", "sn:BackPainPatient"),
    Mutant("superclass of a criterion dropped", (("rdfs:subClassOf gp:Patient , sn:SpineMriPatient ;",
                                                  "rdfs:subClassOf gp:Patient ;"),), "sn:MarrowEdemaPatient",
           "sn:SpineMriPatient"),
    Mutant("covering shortened", (("owl:unionOf ( sn:Fever sn:NightSweats sn:UnexplainedWeightLoss )",
                                   "owl:unionOf ( sn:Fever sn:NightSweats )"),), "sn:ConstitutionalSymptom",
           "sn:ConstitutionalPatient"),
    Mutant("superproperty dropped", (("    rdfs:subPropertyOf gp:hasFinding ;\n    rdfs:range sn:SchmorlsNode ;",
                                      "    rdfs:range sn:SchmorlsNode ;"),), "sn:indexNode", "sn:SchmorlsNodePatient"),
    Mutant("closing removed", (("sn:SpineMri a owl:Class ;\n    rdfs:subClassOf gp:Evaluation ;\n"
                                "    gp:unrecordedMeans gp:Absent ;", "sn:SpineMri a owl:Class ;\n"
                                "    rdfs:subClassOf gp:Evaluation ;"),), "sn:SpineMri", "sn:MriAssessment",
           ("assumption", "sn:SpineMri")),
    Mutant("warrant changed", (("gp:recommends sn:rec-spine-mri ;\n    gp:warrantedBy sn:alg-7 ;",
                                "gp:recommends sn:rec-spine-mri ;\n    gp:warrantedBy sn:alg-6 ;"),),
           text=("statement", "sn:MriAssessment")),
    Mutant("strength changed", (("gp:action sn:SpineMri ;\n    gp:strength gp:Recommended ;",
                                 "gp:action sn:SpineMri ;\n    gp:strength gp:MayBeConsidered ;"),),
           text=("recommendation", "sn:rec-spine-mri")),
    Mutant("advice taken back", (("    gp:recommends sn:rec-nsaid-therapy , ", "    gp:recommends "),),
           text=("recommendation", "sn:ConservativeManagement")),
    Mutant("statement rewritten", (("Pain that does not subside is a reason for an MRI", "Pain may ask for an MRI"),),
           text=("statement", "sn:alg-7")),
    Mutant("citation changed", (("establishes the node as acute and symptomatic.\"@en ;\n"
                                 "    cito:citesAsEvidence sn:reference-1 , sn:reference-3 ;",
                                 "establishes the node as acute and symptomatic.\"@en ;\n"
                                 "    cito:citesAsEvidence sn:reference-1 ;"),), text=("citation", "sn:alg-7")),
    Mutant("no longer a restriction", (("sn:PainNotAttributable a owl:Class , gp:ManagementClass , gp:Restriction",
                                        "sn:PainNotAttributable a owl:Class , gp:ManagementClass"),),
           text=("role", "sn:PainNotAttributable")),
    Mutant("severity changed", (("sh:not [ sh:class sn:RadicularPatient ] ;\n    sh:severity gp:RedFlag",
                                 "sh:not [ sh:class sn:RadicularPatient ] ;\n    sh:severity gp:NotRecorded"),),
           text=("alert", "sn:shape-alert-red-3"), file="shapes/red-flags.ttl"),
    Mutant("verdict changed", (("sh:severity gp:Silent ;\n    gp:warrantedBy sn:pit-1 , sn:alg-3 ;",
                                "sh:severity gp:Judgement ;\n    gp:warrantedBy sn:pit-1 , sn:alg-3 ;"),),
           text=("order", "sn:shape-order-FollowUpImaging-silent"), file="shapes/pathway.ttl"),
]  # fmt: skip


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_mutated_axiom_and_witness_are_named(mutant: Mutant, guideline: Guideline, tmp_path: Path) -> None:
    difference, renderer, new = compared(guideline, edited(tmp_path, mutant.file, *mutant.edits))
    found = document(renderer)
    assert difference.differs and found["differs"]
    if mutant.cls:
        cls = next(c for c in found["classes"] if c["class"] == mutant.cls)  # type: ignore[attr-defined]
        axioms = {axiom["id"]: axiom["term"] for axiom in found["axioms"]}  # type: ignore[attr-defined]
        blamed = {axioms[number] for change in cls["changes"] for number in change["axioms"]}
        assert mutant.axiom in blamed
        assert any(change["witness"] for change in cls["changes"])
        assert checked_shifts(found, guideline, new) >= 1
    elif mutant.axiom:
        assert mutant.axiom in {axiom["term"] for axiom in found["axioms"]}  # type: ignore[attr-defined]
    if mutant.text[0]:
        told = [*found["texts"], *found["shapes"]]  # type: ignore[misc]
        assert mutant.text in {(one["kind"], one["term"]) for one in told}
    statement = mutant.name == "statement rewritten"  # quoted by its identifier, and read in the text
    assert any(statement or answers_differ(turtle, guideline, new) for turtle in witnesses(found))
    assert renderer.markdown().startswith("## Guideline diff")
    renderer.text(Console(quiet=True))


def test_the_mutants_are_more_than_fifteen() -> None:
    assert len(MUTANTS) > 15


# -- every answer that differs is told --


def drawn(one: Guideline, other: Guideline, size: int) -> Iterator[tuple[Records, tuple[object, ...]]]:
    """Random records of the first of two versions whose terms both have."""
    records = Records(one.compiled, 7, tuple(one.catalogue.closable))
    classes = [cls.iri for cls in one.catalogue.management if cls.iri in other.compiled.rules]
    for case in records.stratified(classes, size, 3):
        yield records, case.record


@pytest.mark.parametrize("name", ["threshold moved", "new red flag", "subclass dropped", "closing removed",
                                  "and swapped for or", "superproperty dropped"])  # fmt: skip
def test_records_differ_only_in_classes_that_are_told(name: str, guideline: Guideline, tmp_path: Path) -> None:
    mutant = next(m for m in MUTANTS if m.name == name)
    found, _, new = compared(guideline, edited(tmp_path, mutant.file, *mutant.edits))
    told = {cls.iri for cls in found.classes}
    different = 0
    for one, other in ((guideline, new), (new, guideline)):
        for _, record in drawn(one, other, 80):
            states = [decided(side, record) for side in (guideline, new)]
            if None in states:
                assert states[0] is states[1] or found.patients, describe(record)  # type: ignore[arg-type]
                continue
            before, after = states
            differing = {iri for iri in before.keys() & after.keys() if before[iri] is not after[iri]}  # type: ignore[union-attr]
            assert differing <= told, describe(record)  # type: ignore[arg-type]
            different += bool(differing)
    assert different


def decided(guideline: Guideline, record: tuple[object, ...]) -> dict[str, object] | None:
    try:
        facts = guideline.reader.read(record)  # type: ignore[arg-type]
        return dict(decide(guideline.compiled, facts, guideline.catalogue.closable).states)
    except ContradictionError:
        return None


# -- counting --


def plants(folder: Path, *edits: tuple[str, str], text: str = CLEAN) -> Guideline:
    for before, after in edits:
        assert before in text
        text = text.replace(before, after)
    folder.mkdir()
    return guideline_of(folder, text)


def truth(expr: Expr, guideline: Guideline, row: Mapping[Atom, bool], atoms: Sequence[Atom]) -> bool:
    match expr:
        case AtomLeaf(atom):
            return row[atoms[atom]]
        case Name(iri):
            return truth(guideline.compiled.rules[iri].definition, guideline, row, atoms)
        case Not(part):
            return not truth(part, guideline, row, atoms)
        case And(parts):
            return all(truth(part, guideline, row, atoms) for part in parts)
        case Or(parts):
            return any(truth(part, guideline, row, atoms) for part in parts)
    raise TypeError(expr)


def allowed(guideline: Guideline, row: Mapping[Atom, bool]) -> bool:
    theory = guideline.compiled.theory
    return all(any(row[theory.atoms[i]] for i in bits(c.pos)) or any(not row[theory.atoms[i]] for i in bits(c.neg))
               for c in theory.implicates)  # fmt: skip


def test_counts_are_those_of_a_plain_enumeration(tmp_path: Path) -> None:
    old = plants(tmp_path / "old")
    new = plants(tmp_path / "new", ("minInclusive 5.0", "minInclusive 7.0"),
                 ("pot:StandingWater a owl:Class ;\n    rdfs:subClassOf pot:SoggySoil",
                  "pot:StandingWater a owl:Class ;\n    rdfs:subClassOf gp:Finding"))  # fmt: skip
    found = diff(old, new)
    atoms = sorted({*old.compiled.theory.atoms, *new.compiled.theory.atoms})
    low, high = sorted((atom for atom in atoms if atom.kind == "above"), key=lambda atom: atom.cut)
    rows = [dict(zip(atoms, row, strict=True)) for row in product((False, True), repeat=len(atoms))]
    rows = [row for row in rows if row[low] or not row[high]]  # what lies over the higher bound lies over the lower
    exists = next(atom for atom in atoms if atom.path == low.path and atom.kind == "exists")
    rows = [row for row in rows if row[exists] or not row[low]]
    in_old, in_new = ([row for row in rows if allowed(side, row)] for side in (old, new))
    assert found.profiles == len([row for row in rows if row in in_old or row in in_new])
    assert [shift.profiles for shift in found.patients] == [len([row for row in in_new if row not in in_old])]
    both = [row for row in in_old if row in in_new]
    for cls in found.classes:
        for shift in cls.shifts:
            if shift.profiles is not None:
                gained = shift.new == "entailed"
                name = Name(cls.iri)
                counted = [row for row in both
                           if truth(name, new, row, new.compiled.theory.atoms) is gained
                           and truth(name, old, row, old.compiled.theory.atoms) is not gained]  # fmt: skip
                assert shift.profiles == len(counted)
    assert {local_name(cls.iri) for cls in found.classes} >= {"LongDryPlant", "WaterNow", "LetDry"}


# -- causes --


def test_two_changes_that_act_only_together_are_both_named(tmp_path: Path) -> None:
    """Each of two definitions takes over what the other had: only both changes give the new answers."""
    either = """
pot:Either a owl:Class , gp:Criterion ; rdfs:subClassOf gp:Patient ;
    owl:equivalentClass [ a owl:Class ; owl:intersectionOf ( pot:One pot:Other ) ] .
pot:One a owl:Class , gp:Criterion ; rdfs:subClassOf gp:Patient ; owl:equivalentClass pot:LongDryPlant .
pot:Other a owl:Class , gp:Criterion ; rdfs:subClassOf gp:Patient ; owl:equivalentClass pot:LongDryPlant .
"""
    old = plants(tmp_path / "old", text=CLEAN + either)
    new = plants(tmp_path / "new", ("owl:equivalentClass pot:LongDryPlant", "owl:equivalentClass pot:WateredPlant"),
                 text=CLEAN + either)  # fmt: skip
    found = {local_name(cls.iri): cls for cls in diff(old, new).classes}
    blamed = [{local_name(change.term) for change in shift.because} for shift in found["Either"].shifts]
    assert blamed == [{"One", "Other"}] * len(blamed)
    assert {local_name(change.term) for shift in found["One"].shifts for change in shift.because} == {"One"}


def test_disjointness_that_is_lost_lets_patients_be(tmp_path: Path) -> None:
    disjoint = "\npot:LongDryPlant owl:disjointWith pot:WateredPlant .\n"
    old, new = plants(tmp_path / "old", text=CLEAN + disjoint), plants(tmp_path / "new")
    found = diff(old, new)
    [shift] = found.patients
    assert (shift.old, shift.new) == ("contradictory", "possible")
    assert [axiom.kind for change in shift.because for axiom in change.old] == ["disjoint"]
    assert shift.witness is not None
    states = [state(answer(side, shift.witness.turtle), side, "pot:LongDryPlant") for side in (old, new)]
    assert states == ["contradictory", "entailed"]
    [back] = diff(new, old).patients
    assert (back.old, back.new, back.profiles) == ("possible", "contradictory", shift.profiles)


def test_a_class_that_one_version_has_is_added_or_removed(tmp_path: Path) -> None:
    old, new = plants(tmp_path / "old", text=PLANT), plants(tmp_path / "new")
    for one, other, presence in ((old, new, "added"), (new, old, "removed")):
        found = diff(one, other)
        assert [(local_name(c.iri), c.presence) for c in found.classes] == [("WellPlant", presence)]
        assert found.classes[0].shifts[0].witness is not None
        assert {local_name(a.subject) for c in found.axioms for a in (*c.old, *c.new)} == {"WellPlant"}
        assert found.share == Fraction(found.classes[0].shifts[0].profiles or 0, found.profiles)


def small(folder: Path, name: str, *edits: tuple[str, str]) -> Guideline:
    text = (TESTS / "small" / name).read_text("utf-8")
    for before, after in edits:
        assert text.count(before) == 1
        text = text.replace(before, after)
    (folder / "ontology").mkdir(parents=True)
    (folder / "ontology" / name).write_text(text, "utf-8")
    return load_guideline(folder, cache=False)


def test_an_axiom_without_a_name_is_found_again(tmp_path: Path) -> None:
    """An axiom that begins with an anonymous class is the same one, whatever else the file says."""
    lost = ("[ a owl:Class ; owl:intersectionOf ( ex:RedOne ex:GreenOne ) ] rdfs:subClassOf "
            "[ a owl:Class ; owl:complementOf ex:BlueOne ] .\n", "")  # fmt: skip
    old, new = small(tmp_path / "old", "ternary.ttl"), small(tmp_path / "new", "ternary.ttl", lost)
    found = diff(old, new)
    [shift] = found.patients
    assert (shift.new, found.rewritten) == ("possible", ())
    assert [len(change.old) for change in found.axioms] == [1]
    other = small(tmp_path / "other", "ternary.ttl", ("ex:Grey a owl:Class", "\n\nex:Grey a owl:Class"))
    assert not diff(old, other).differs and not diff(old, other).rewritten


# -- no difference --


def shuffled(directory: Path, seed: int) -> None:
    """Every ontology and shapes file rewritten: other prefixes, no layout, another order, and two files for one."""
    rng = random.Random(seed)
    for path in sorted(directory.glob("*/*.ttl")):
        graph = Graph().parse(path)
        whole = list(graph)
        parts: list[list[tuple[Node, Node, Node]]] = [[], []]
        splits = path.name == "schmorl.ttl"
        for s, p, o in whole:
            if not isinstance(s, BNode):
                parts[splits and rng.random() < 0.5].extend(tree(graph, s, p, o))
            elif (None, None, s) not in graph:
                parts[0].extend(tree(graph, s, p, o))
        for name, triples in zip((path.name, "another.ttl"), parts, strict=True):
            if triples:
                path.with_name(name).write_text(written(triples, rng), "utf-8")


def tree(graph: Graph, s: Node, p: Node, o: Node) -> Iterator[tuple[Node, Node, Node]]:
    """A triple and all below its anonymous object."""
    yield s, p, o
    if isinstance(o, BNode):
        for q, x in graph.predicate_objects(o):
            yield from tree(graph, o, q, x)


def written(triples: list[tuple[Node, Node, Node]], rng: random.Random) -> str:
    rng.shuffle(triples)
    lines = [
        "@prefix zz: <https://w3id.org/guideproof/schmorl#> .\n",
        "@prefix yy: <https://w3id.org/guideproof/core#> .\n",
    ]
    for triple in triples:
        line = " ".join(node.n3() for node in triple)
        line = re.sub(r"<https://w3id.org/guideproof/schmorl#([A-Za-z][\w-]*)>", r"zz:\1", line)
        lines.append(re.sub(r"<https://w3id.org/guideproof/core#([A-Za-z]\w*)>", r"yy:\1", line) + "\t.\n")
    return "".join(lines)


@pytest.mark.parametrize("seed", [1, 2])
def test_order_layout_prefixes_and_files_are_no_difference(seed: int, guideline: Guideline, tmp_path: Path) -> None:
    shuffled(copied(tmp_path), seed)
    assert (tmp_path / "ontology" / "another.ttl").is_file()
    found, renderer, _ = compared(guideline, tmp_path)
    assert not found.differs
    assert (found.affected, found.rewritten, found.silent) == (0, (), ())
    assert "no answer differs" in renderer.summary()


REWRITTEN = [
    ("de Morgan", "        [ a owl:Class ; owl:complementOf sn:VertebroplastyConsiderable ]\n"
                  "        [ a owl:Class ; owl:complementOf sn:VertebroplastyByJudgement ]",
     "        [ a owl:Class ; owl:complementOf [ a owl:Class ; owl:unionOf ( sn:VertebroplastyByJudgement "
     "sn:VertebroplastyConsiderable ) ] ]", "sn:VertebroplastyUnsupportedPatient"),
    ("a part that follows", "        sn:SchmorlsNodePatient\n        sn:LocalizedBackPainPatient\n",
     "        sn:SchmorlsNodePatient\n        sn:BackPainPatient\n        sn:LocalizedBackPainPatient\n",
     "sn:SymptomaticAcuteNode"),
]  # fmt: skip


@pytest.mark.parametrize(("before", "after", "term"), [case[1:] for case in REWRITTEN], ids=[c[0] for c in REWRITTEN])
def test_another_form_of_one_meaning_is_named_and_no_difference(
    before: str, after: str, term: str, guideline: Guideline, tmp_path: Path
) -> None:
    found, renderer, _ = compared(guideline, edited(tmp_path, "ontology/schmorl.ttl", (before, after)))
    assert not found.differs
    assert [axiom["term"] for axiom in document(renderer)["rewritten"]] == [term]  # type: ignore[attr-defined]


def test_order_of_parts_is_not_even_another_form(guideline: Guideline, tmp_path: Path) -> None:
    edit = (
        "( sn:Fever sn:NightSweats sn:UnexplainedWeightLoss )",
        "( sn:NightSweats sn:UnexplainedWeightLoss sn:Fever )",
    )
    found, _, _ = compared(guideline, edited(tmp_path, "ontology/schmorl.ttl", edit))
    assert (found.differs, found.rewritten) == (False, ())


def test_keys_of_the_json_are_documented(guideline: Guideline, tmp_path: Path) -> None:
    guide = (ROOT / "docs" / "authoring.md").read_text("utf-8").partition("### The JSON")[2]
    documented = set(re.findall(r'"(\w+)":', guide))
    mutant = next(m for m in MUTANTS if m.name == "new red flag")
    _, renderer, _ = compared(guideline, edited(tmp_path, mutant.file, *mutant.edits))
    assert keys(document(renderer)) == documented


def keys(value: object) -> set[str]:
    if isinstance(value, dict):
        return set(value) | {key for part in value.values() for key in keys(part)}
    return {key for part in value for key in keys(part)} if isinstance(value, list) else set()


def test_wording_is_listed_and_no_difference(guideline: Guideline, tmp_path: Path) -> None:
    edit = ('rdfs:label "MRI for persisting pain"@en', 'rdfs:label "MRI for pain that stays"@en')
    found, renderer, _ = compared(guideline, edited(tmp_path, "ontology/schmorl.ttl", edit))
    assert not found.differs
    [change] = document(renderer)["wording"]  # type: ignore[misc]
    assert (change["term"], change["property"]) == ("sn:MriAssessment", "rdfs:label")
    assert (change["old"], change["new"]) == (["MRI for persisting pain@en"], ["MRI for pain that stays@en"])
    assert change["file"] == "ontology/schmorl.ttl" and change["line"]


def test_a_shape_in_another_form_is_no_difference(guideline: Guideline, tmp_path: Path) -> None:
    edit = ("sh:not [ sh:class sn:RadicularPatient ]", "sh:not [ sh:and ( [ sh:class sn:RadicularPatient ] ) ]")
    found, _, _ = compared(guideline, edited(tmp_path, "shapes/red-flags.ttl", edit))
    assert not found.differs
    assert [change.kind for change in found.silent] == ["rewritten"]


def test_a_rule_of_the_record_is_told(guideline: Guideline, tmp_path: Path) -> None:
    path = copied(tmp_path) / "shapes" / "record.ttl"
    text = path.read_text("utf-8")
    assert "sh:Violation" in text
    path.write_text(text.replace("sh:Violation", "sh:Warning", 1), "utf-8")
    found, _, _ = compared(guideline, tmp_path)
    assert found.differs
    assert [told.change.kind for told in found.shapes] == ["contract"]


# -- the command --


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["diff", *arguments])
    if isinstance(result.exception, GuideproofError):
        return result.exception.exit_code, str(result.exception)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.output


def git(directory: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=author", "-c", "user.email=author@example.org"]
    done = subprocess.run(["git", *identity, *arguments], cwd=directory, check=True, capture_output=True, text=True)
    return done.stdout


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with a guideline in a folder: two commits, and an edit in the work tree."""
    root = tmp_path / "repository"
    (root / "guide").mkdir(parents=True)
    plants(root / "guide" / "plants")
    git(root, "init", "-q")
    for before, after in (
        ("5.0", "5.0"),
        ("minInclusive 5.0", "minInclusive 7.0"),
        ("minInclusive 7.0", "minInclusive 9.0"),
    ):
        path = root / "guide" / "plants" / "ontology" / "plant.ttl"
        path.write_text(path.read_text("utf-8").replace(before, after), "utf-8")
        if after != "minInclusive 9.0":
            git(root, "add", "-A")
            git(root, "commit", "-q", "--allow-empty", "-m", after)
    return root / "guide" / "plants"


def test_revisions_are_compared_and_the_work_tree_stays(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = git(repository, "status", "--porcelain"), git(repository, "rev-parse", "HEAD")
    code, text = run("HEAD~1", str(repository), "--format", "json")
    assert code == 1
    [axiom] = json.loads(text)["axioms"]
    assert "[>= 5]" in axiom["old"][0]["axiom"] and "[>= 9]" in axiom["new"][0]["axiom"]
    assert axiom["old"][0]["file"] == "ontology/plant.ttl"
    monkeypatch.chdir(repository)
    code, text = run("HEAD~1", "HEAD", "--format", "markdown")
    assert code == 1 and "[>= 7]" in text and "<details>" in text
    assert run("HEAD", "HEAD")[0] == 0
    assert before == (git(repository, "status", "--porcelain"), git(repository, "rev-parse", "HEAD"))


@pytest.mark.parametrize("name", ["nosuch", "HEAD~99", "", "a\nb"])
def test_what_is_no_version_is_bad_input(name: str, repository: Path) -> None:
    code, text = run(name, str(repository))
    assert code == 2 and "revision" in text and "\nTraceback" not in text


def test_a_revision_is_no_option(repository: Path, tmp_path: Path) -> None:
    target = tmp_path / "written"
    with pytest.raises(InputError, match="bad-revision"), two_versions(f"--output={target}", str(repository)):
        pass
    assert not target.exists()


@pytest.mark.parametrize("side", ["old", "new"])
def test_a_version_that_does_not_compile_is_named_by_side_file_and_line(
    side: str, repository: Path, tmp_path: Path
) -> None:
    broken = tmp_path / "broken"
    shutil.copytree(repository, broken)
    path = broken / "ontology" / "plant.ttl"
    path.write_text(
        path.read_text("utf-8").replace("        pot:LongDryPlant\n", "        pot:LongDyrPlant\n"), "utf-8"
    )
    arguments = (str(broken), "HEAD") if side == "old" else (str(repository), str(broken))
    if side == "old":
        git(broken.parent, "init", "-q")
    with pytest.raises(GuidelineError, match=f"the {side} version") as caught, two_versions(*arguments):
        pass
    assert caught.value.problem.file == str(path) and caught.value.problem.line
    assert caught.value.exit_code == 2


def test_a_revision_that_does_not_compile_shows_its_name_and_no_temporary_place(repository: Path) -> None:
    path = repository / "ontology" / "plant.ttl"
    sound = path.read_text("utf-8")
    path.write_text(sound.replace("        pot:LongDryPlant\n", "        pot:LongDyrPlant\n"), "utf-8")
    git(repository, "commit", "-q", "-a", "-m", "a slip")
    path.write_text(sound, "utf-8")
    code, text = run("HEAD", str(repository))
    assert code == 2
    assert re.search(r"HEAD:ontology/plant\.ttl:\d+ .*the old version: .*LongDyrPlant", text)


def test_an_empty_directory_is_no_guideline(repository: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    code, text = run(str(repository), str(tmp_path / "empty"))
    assert code == 2 and "no-guideline" in text and "the new version" in text


def test_out_is_written(repository: Path, tmp_path: Path) -> None:
    out = tmp_path / "diff.md"
    code, text = run("HEAD~1", str(repository), "--format", "markdown", "--out", str(out))
    assert (code, text) == (1, "")
    assert out.read_text("utf-8").startswith("## Guideline diff\n\nHEAD~1 → ")

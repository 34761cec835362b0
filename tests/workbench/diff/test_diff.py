"""Comparing two versions: mutated copies are told apart by axiom and witness, rewritten ones are not told apart at all.

Every witness is classified under both versions here, from its Turtle alone.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product
from pathlib import Path

import pytest
from compared_versions import (
    ROOT,
    answers_differ,
    checked_shifts,
    compared,
    copied,
    document,
    edited,
    plants,
    witnesses,
)
from random_records import Records, describe
from rdflib import BNode, Graph
from rdflib.term import Node

from reasoner.errors import ContradictionError
from reasoner.guideline.guideline import Guideline
from reasoner.logic.clauses import bits
from reasoner.logic.decide import decide
from reasoner.logic.expressions import And, AtomLeaf, Expr, Name, Not, Or
from reasoner.logic.theory import Atom
from reasoner.terms import local_name
from reasoner.workbench.diff.diff import GuidelineDiff, diff
from reasoner.workbench.diff.render import DiffWriter

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
    Mutant("subclass dropped", (("IndexNodeFinding ;\n    rdfs:subClassOf sn:BackPain ;",
                                 "IndexNodeFinding ;\n    rdfs:subClassOf gp:Finding ;"),),
           "sn:LocalizedBackPain", "sn:BackPainPatient"),
    Mutant("superclass of a criterion dropped", (("rdfs:subClassOf gp:Patient , sn:SpineMriPatient ;",
                                                  "rdfs:subClassOf gp:Patient ;"),), "sn:MriFindingPatient",
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


WithMutant = Callable[[str], tuple[GuidelineDiff, DiffWriter, Guideline]]
#: What is compared in each run of the tests, one of each kind: the others are exhaustive.
SOME = ("threshold moved", "new red flag", "closing removed", "verdict changed")


def some(names: Iterable[str]) -> list[object]:
    """The names, those that are not among `SOME` marked as exhaustive."""
    return [name if name in SOME else pytest.param(name, marks=pytest.mark.exhaustive) for name in names]


@pytest.fixture(scope="module")
def with_mutant(guideline: Guideline, tmp_path_factory: pytest.TempPathFactory) -> WithMutant:
    """The guideline compared with a mutated copy, by its name, once for all tests."""

    @cache
    def compared_with(name: str) -> tuple[GuidelineDiff, DiffWriter, Guideline]:
        mutant = next(mutant for mutant in MUTANTS if mutant.name == name)
        return compared(guideline, edited(tmp_path_factory.mktemp("mutant"), mutant.file, *mutant.edits))

    return compared_with


@pytest.mark.parametrize("name", some(mutant.name for mutant in MUTANTS))
def test_mutated_axiom_and_witness_are_named(name: str, with_mutant: WithMutant, guideline: Guideline) -> None:
    mutant = next(mutant for mutant in MUTANTS if mutant.name == name)
    difference, renderer, new = with_mutant(name)
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
    assert renderer.page().plain(100).startswith("old → new: ")


def test_the_mutants_are_more_than_fifteen() -> None:
    assert len(MUTANTS) > 15


# -- every answer that differs is told --


def drawn(one: Guideline, other: Guideline, size: int) -> Iterator[tuple[Records, tuple[object, ...]]]:
    """Random records of the first of two versions whose terms both have."""
    records = Records(one.compiled, 7, tuple(one.catalogue.closable))
    classes = [cls.iri for cls in one.catalogue.management if cls.iri in other.compiled.rules]
    for case in records.stratified(classes, size, 3):
        yield records, case.record


@pytest.mark.parametrize("name", some(["threshold moved", "new red flag", "subclass dropped", "closing removed",
                                       "and swapped for or", "superproperty dropped"]))  # fmt: skip
def test_records_differ_only_in_classes_that_are_listed(
    name: str, with_mutant: WithMutant, guideline: Guideline
) -> None:
    found, _, new = with_mutant(name)
    listed = {cls.iri for cls in found.classes}
    different = 0
    for one, other in ((guideline, new), (new, guideline)):
        for _, record in drawn(one, other, 80):
            states = [decided(side, record) for side in (guideline, new)]
            if None in states:
                assert states[0] is states[1] or found.patients, describe(record)  # type: ignore[arg-type]
                continue
            before, after = states
            differing = {iri for iri in before.keys() & after.keys() if before[iri] is not after[iri]}  # type: ignore[union-attr]
            assert differing <= listed, describe(record)  # type: ignore[arg-type]
            different += bool(differing)
    assert different


def decided(guideline: Guideline, record: tuple[object, ...]) -> dict[str, object] | None:
    try:
        facts = guideline.reader.read(record)  # type: ignore[arg-type]
        return dict(decide(guideline.compiled, facts, guideline.catalogue.closable).states)
    except ContradictionError:
        return None


# -- counting --


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


@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.exhaustive)])
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


def test_keys_of_the_json_are_documented(with_mutant: WithMutant) -> None:
    guide = (ROOT / "docs" / "authoring.md").read_text("utf-8").partition("### The JSON")[2]
    documented = set(re.findall(r'"(\w+)":', guide))
    _, renderer, _ = with_mutant("new red flag")
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


def test_a_rule_of_the_record_is_listed(guideline: Guideline, tmp_path: Path) -> None:
    path = copied(tmp_path) / "shapes" / "record.ttl"
    text = path.read_text("utf-8")
    assert "sh:Violation" in text
    path.write_text(text.replace("sh:Violation", "sh:Warning", 1), "utf-8")
    found, _, _ = compared(guideline, tmp_path)
    assert found.differs
    assert [told.change.kind for told in found.shapes] == ["contract"]

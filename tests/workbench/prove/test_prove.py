"""Proofs over all patients: witnesses show what is claimed, faults are found, and none is invented.

Witnesses are compared with what `classify` and the reference reasoner say of them; see `test_profiles.py` for counts.
"""

from __future__ import annotations

import json
import re
import shutil
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path

import pytest
import typer
from clean_guideline import CLEAN, guideline_of, names
from conftest import TESTS

from reasoner.guideline.guideline import Guideline, home, load_guideline
from reasoner.logic.decide import State, state
from reasoner.logic.facts import Observation
from reasoner.patient.assess import Assessment
from reasoner.patient.classify import classify_files
from reasoner.rdf import read_text
from reasoner.terms import local_name
from reasoner.workbench.prove.prove import CODES, Proof, ProofFinding, prove
from reasoner.workbench.prove.render import ProofWriter
from reasoner.workbench.recordable import turtle
from reasoner.workbench.witness import Witnesses

DAY = date(2026, 11, 22)


@pytest.fixture(scope="module")
def proof(guideline: Guideline) -> Proof:
    return prove(guideline)


# -- the shipped guideline --


def test_every_finding_of_the_guideline_is_accepted(proof: Proof) -> None:
    assert [f.what for f in proof.open] == []
    assert {f.code for f in proof.findings} == {"silent-region", "implied"}
    assert all(f.acceptance and f.acceptance.reason and f.axioms for f in proof.findings)


def test_the_invariants_of_the_guideline_are_those_of_the_issue(proof: Proof) -> None:
    concerned = {local_name(i.iri): set(names(i.concerned)) for i in proof.invariants}
    assert concerned == {
        "invariant-flags-recorded-absent": {"NoFollowUpImaging", "NoTreatmentOrFollowUp"},
        "invariant-flag-opens-evaluation": {"NoFollowUpImaging", "NoTreatmentOrFollowUp"},
        "invariant-flag-suspends-procedures": {
            "VertebroplastyConsiderable", "VertebroplastyByJudgement", "SurgicalReferral",
        },
    }  # fmt: skip
    assert all(len(i.premises[0].classes) == 4 for i in proof.invariants)


def shows(finding: ProofFinding, answer: Assessment) -> bool:
    """Whether the classification of a witness shows what the finding claims."""
    states = {local_name(iri): str(s) for iri, s in answer.decision.states.items()}
    about = [states[name] for name in names(finding.about) if name in states]
    told = [c.cls for c in answer.conclusions if c.state is State.ENTAILED]
    expected = {
        "silent-region": answer.status == "silent",
        "dead-class": about == ["excluded"],
        "idle-condition": about[:1] == ["entailed"],
        "idle-fact": set(finding.about) <= {fact.term for fact in answer.decision.facts},
        "closing-conflict": not set(finding.about) & {fact.term for fact in answer.decision.assumed},
        "unreached-recommendation": not set(finding.about) & {r.iri for cls in told for r in cls.recommendations},
        "unreached-statement": True,
        "invariant-idle": True,
        "invariant-broken": True,  # read word by word where one is broken
    }
    return expected.get(finding.code, set(about) == {"entailed"})


def classified(
    guideline: Guideline, findings: Sequence[ProofFinding], folder: Path, engine: str = "hermit"
) -> list[Assessment]:
    """What `classify` says of the witnesses, one file each; the reference reasoner has to agree."""
    paths = []
    for number, finding in enumerate(findings):
        assert finding.witness is not None, finding.what
        path = folder / f"w{number:03}.ttl"
        path.write_text(turtle(finding.witness, guideline, f"https://example.org/w{number:03}"), "utf-8")
        paths.append(path)
    results = classify_files(guideline, paths, DAY, engine=engine)
    assert len(results) == len(findings)
    assert all(isinstance(result, Assessment) for result in results), results
    return [result for result in results if isinstance(result, Assessment)]


@pytest.mark.parametrize(
    ("engine", "step"), [("compiled", 1), ("hermit", 8), pytest.param("hermit", 1, marks=pytest.mark.exhaustive)]
)
def test_each_witness_shows_what_is_claimed_and_hermit_agrees(
    engine: str, step: int, guideline: Guideline, proof: Proof, tmp_path: Path
) -> None:
    assert len(proof.findings) > 20
    findings = proof.findings[::step]
    for finding, answer in zip(findings, classified(guideline, findings, tmp_path, engine), strict=True):
        assert shows(finding, answer), finding


def said(witnesses: Witnesses, finding: ProofFinding, record: Iterable[Observation]) -> bool:
    """Whether a record says every condition of a finding."""
    compiled, closed = witnesses.compiled, witnesses.closed(record)
    atoms = {atom.target: i for i, atom in enumerate(compiled.theory.atoms) if atom.kind == "class"}

    def value(term: str) -> bool | None:
        if term in compiled.rules:
            found = state(compiled.rules[term], closed)
            return None if found is State.UNDETERMINED else found is State.ENTAILED
        return bool(closed.pos >> atoms[term] & 1) if (closed.pos | closed.neg) >> atoms[term] & 1 else None

    return all(value(t) is True for t in finding.present) and all(value(t) is False for t in finding.absent)


def test_witnesses_say_their_conditions_and_no_more_than_is_needed(guideline: Guideline, proof: Proof) -> None:
    witnesses = Witnesses(guideline)
    for finding in (f for f in proof.findings if f.code == "silent-region"):
        record = finding.witness or ()
        assert said(witnesses, finding, record)
        assert not any(said(witnesses, finding, [o for o in record if o is not one]) for one in record), finding


PAGE = (home() / "docs" / "silent-region.md").read_text("utf-8")


def test_the_page_on_silence_gives_the_counts_of_the_proof(proof: Proof) -> None:
    regions = [f for f in proof.findings if f.code == "silent-region"]
    assert f"{proof.profiles:,} complete profiles of {proof.atoms} conditions" in PAGE
    assert f"For {proof.silent:,} of them\n({proof.silent / proof.profiles:.1%}".replace("%", " %") in PAGE
    assert f"consists of {len(regions)} regions" in PAGE
    counted = Counter(local_name(f.acceptance.iri) for f in regions if f.acceptance)
    assert dict(counted) == {name: int(n) for name, n in re.findall(r"^\| `sn:([\w-]+)` \| (\d+) \|", PAGE, re.M)}


def test_the_record_on_the_page_is_silent(guideline: Guideline, tmp_path: Path) -> None:
    [record] = re.findall(r"```turtle\n(.*?)```", PAGE, re.S)
    (tmp_path / "diffuse.ttl").write_text(record, "utf-8")
    [answer] = classify_files(guideline, [tmp_path / "diffuse.ttl"], DAY)
    assert isinstance(answer, Assessment) and answer.status == "silent"
    entailed = {local_name(c.cls.iri) for c in answer.conclusions if c.state is State.ENTAILED}
    assert entailed == {"SurgeryNotIndicated"}
    (tmp_path / "early.ttl").write_text(record.replace("14.0", "11.0"), "utf-8")
    (tmp_path / "open.ttl").write_text(
        record.replace("    gp:underwent [ a sn:DifferentialExclusion ] ;\n", ""), "utf-8"
    )
    for name, cls in (("early", "ConservativeManagement"), ("open", "DifferentialWorkup")):
        [answer] = classify_files(guideline, [tmp_path / f"{name}.ttl"], DAY)
        assert isinstance(answer, Assessment)
        assert cls in {local_name(c.cls.iri) for c in answer.conclusions if c.state is State.ENTAILED}


# -- faults, injected --


def swapped(text: str, old: str, new: str) -> str:
    assert text.count(old) == 1, f"{old!r} stands there {text.count(old)} times"
    return text.replace(old, new)


def test_a_clean_guideline_gives_no_finding(tmp_path: Path) -> None:
    proof = prove(guideline_of(tmp_path, CLEAN))
    assert [f.what for f in proof.findings] == []
    assert proof.silent == 0 and len(proof.invariants) == 2


NOT_DRY = "        [ a owl:Class ; owl:complementOf pot:LetDry ]\n    ) ] ;\n    gp:readingOrder 1"
EXTRA = "pot:{0} a owl:Class , gp:{1} ; rdfs:subClassOf gp:Patient ; owl:equivalentClass {2} .\n"
WATERED = "        pot:WateredPlant\n        [ a owl:Class ; owl:intersectionOf ("
FAULTS = [
    # code, what is changed, into what, what the finding is about
    ("conflict", NOT_DRY, "    ) ] ;\n    gp:readingOrder 1", ["LetDry", "WaterNow"]),
    ("silent-region", "        [ a owl:Class ; owl:complementOf pot:LongDryPlant ]\n",
     "        [ a owl:Class ; owl:complementOf pot:LongDryPlant ]\n"
     "        [ a owl:Restriction ; owl:onProperty gp:hasFinding ; owl:someValuesFrom pot:StandingWater ]\n", []),
    ("dead-class", "        [ a owl:Class ; owl:complementOf pot:LongDryPlant ]\n",
     "        [ a owl:Class ; owl:complementOf pot:LongDryPlant ]\n        pot:WateredPlant\n", ["WellPlant"]),
    ("always-true", "# The text ----", EXTRA.format("Anyone", "ManagementClass", "gp:Patient"), ["Anyone"]),
    ("coinciding", "# The text ----", EXTRA.format("WetPlant", "ManagementClass", "pot:LetDry"),
     ["LetDry", "WetPlant"]),
    ("implied", "# The text ----", EXTRA.format("Flooded", "ManagementClass",
     "[ a owl:Class ; owl:intersectionOf ( gp:Patient [ a owl:Restriction ; owl:onProperty gp:hasFinding ; "
     "owl:someValuesFrom pot:StandingWater ] ) ]"), ["Flooded", "LetDry"]),
    ("idle-condition", WATERED, WATERED.replace("owl:intersectionOf (", "owl:intersectionOf ( gp:Patient "
     "[ a owl:Restriction ; owl:onProperty gp:hasFinding ; owl:someValuesFrom pot:StandingWater ] ) ]\n"
     "        [ a owl:Class ; owl:intersectionOf ("), ["LetDry", "StandingWater"]),
    ("idle-criterion", "# The text ----", EXTRA.format("Lonely", "Criterion", "[ a owl:Class ; "
     "owl:intersectionOf ( gp:Patient [ a owl:Class ; owl:complementOf pot:LongDryPlant ] ) ]"), ["Lonely"]),
    ("idle-fact", "# The text ----", "pot:Dust a owl:Class ; rdfs:subClassOf gp:Finding .\n", ["Dust"]),
    ("unreached-recommendation", "    gp:recommends pot:rec-leave ;\n", "", ["rec-leave"]),
    ("unreached-statement", "# The text ----", 'pot:rule-9 a gp:Statement ; gp:position 9 .\n', ["rule-9"]),
    ("invariant-broken", "gp:whenNotExcluded pot:LongDryPlant", "gp:whenNotExcluded pot:WateredPlant",
     ["WateredPlant", "WellPlant", "invariant-dry"]),
    ("invariant-broken", "gp:whenEntailed pot:WateredPlant", "gp:whenNotEntailed pot:WateredPlant",
     ["WaterNow", "WateredPlant", "invariant-wet"]),
    ("invariant-idle", "gp:opening pot:Leaving", "gp:forbidding pot:Leaving", ["invariant-dry"]),
    ("stale-acceptance", "# The text ----", 'pot:accepted a gp:AcceptedFinding ; gp:code "conflict" ; '
     'gp:concerns pot:WaterNow , pot:LetDry ; gp:rationale "as it was"@en .\n', ["accepted"]),
    ("closing-conflict", "# The text ----", "pot:Sprinkling a owl:Class ; rdfs:subClassOf pot:Watering ; "
     "gp:unrecordedMeans gp:Absent .\npot:Pouring a owl:Class ; rdfs:subClassOf pot:Watering ; gp:unrecordedMeans "
     "gp:Absent .\npot:Watering owl:equivalentClass [ a owl:Class ; owl:unionOf ( pot:Sprinkling pot:Pouring ) ] .\n",
     ["Pouring", "Sprinkling"]),
]  # fmt: skip


@pytest.mark.parametrize(("code", "old", "new", "about"), FAULTS, ids=[f"{i}-{f[0]}" for i, f in enumerate(FAULTS)])
def test_an_injected_fault_is_found(code: str, old: str, new: str, about: list[str], tmp_path: Path) -> None:
    guideline = guideline_of(tmp_path, swapped(CLEAN, old, new))
    found = [f for f in prove(guideline).open if f.code == code]
    assert about in [sorted(names(f.about)) for f in found]
    finding = next(f for f in found if sorted(names(f.about)) == about)
    assert all(origin.file and origin.line for origin in finding.axioms) and finding.axioms
    if code != "stale-acceptance":
        [answer] = classified(guideline, [finding], tmp_path, "compiled")
        assert shows(finding, answer)


def test_every_code_is_injected_or_found() -> None:
    assert {fault[0] for fault in FAULTS} == set(CODES)


def test_lost_disjointness_of_patients_is_found(tmp_path: Path) -> None:
    apart = swapped(CLEAN, NOT_DRY, "    ) ] ;\n    gp:readingOrder 1") + "pot:WaterNow owl:disjointWith pot:LetDry .\n"
    (tmp_path / "kept").mkdir()
    (tmp_path / "lost").mkdir()
    kept = prove(guideline_of(tmp_path / "kept", apart))
    lost = prove(guideline_of(tmp_path / "lost", apart.replace("pot:WaterNow owl:disjointWith pot:LetDry .\n", "")))
    assert "conflict" not in {f.code for f in kept.findings}
    [conflict] = [f for f in lost.open if f.code == "conflict"]
    assert names(conflict.about) == ["WaterNow", "LetDry"] and conflict.profiles > 0
    assert names(conflict.statements) == ["rule-1", "rule-2"]


def test_an_action_below_another_counts(tmp_path: Path) -> None:
    text = swapped(CLEAN, NOT_DRY, "    ) ] ;\n    gp:readingOrder 1")
    text = swapped(
        text,
        "gp:action pot:Watering ;\n    gp:strength gp:Recommended",
        "gp:action pot:Spraying ;\n    gp:strength gp:Reserved",
    )
    text += "pot:Spraying a owl:Class ; rdfs:subClassOf pot:Watering .\n"
    assert "conflict" in {f.code for f in prove(guideline_of(tmp_path, text)).open}


ON_MAIN = [
    ("        [ a owl:Class ; owl:complementOf sn:BackPainPatient ]\n        sn:RedFlagFreePatient\n",
     "        [ a owl:Class ; owl:complementOf sn:BackPainPatient ]\n",
     {"invariant-flags-recorded-absent", "invariant-flag-opens-evaluation"}),
    ("        sn:DifferentialExclusionPatient\n        sn:ClearedPatient\n",
     "        sn:DifferentialExclusionPatient\n",
     {"invariant-flag-suspends-procedures"}),
    ("        sn:AtLeast12WeeksPatient\n        sn:ReassessedPatient\n", "        sn:AtLeast12WeeksPatient\n",
     {"invariant-flag-suspends-procedures"}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new", "broken"), [ON_MAIN[0], *(pytest.param(*case, marks=pytest.mark.exhaustive) for case in ON_MAIN[1:])]
)
def test_a_broken_invariant_of_the_guideline_is_found(old: str, new: str, broken: set[str], tmp_path: Path) -> None:
    for folder in ("ontology", "shapes"):
        shutil.copytree(home() / folder, tmp_path / folder)
    path = tmp_path / "ontology" / "schmorl.ttl"
    path.write_text(swapped(path.read_text("utf-8"), old, new), "utf-8")
    guideline = load_guideline(tmp_path, cache=False)
    found = [f for f in prove(guideline).open if f.code == "invariant-broken"]
    assert {local_name(f.about[0]) for f in found} == broken
    for finding, answer in zip(found, classified(guideline, found, tmp_path, "compiled"), strict=True):
        flag, concerned = (answer.decision.states[finding.about[i]] for i in (1, -1))
        if local_name(finding.about[0]) == "invariant-flags-recorded-absent":
            assert flag is not State.EXCLUDED and concerned is State.ENTAILED
        else:
            assert flag is State.ENTAILED and concerned is not State.EXCLUDED
        assert finding.statements


# -- the command --


def run(guideline: Path | None, form: str, out: Path) -> tuple[int, str]:
    from reasoner.cli.author import ReportFormat
    from reasoner.cli.author import prove as command

    try:
        command(guideline, ReportFormat(form), out)
        code = 0
    except typer.Exit as leaving:
        code = leaving.exit_code
    return code, out.read_text("utf-8")


def test_command_on_the_guideline(tmp_path: Path, proof: Proof) -> None:
    code, text = run(None, "json", tmp_path / "proof.json")
    document = json.loads(text)
    assert code == 0 and document["open"] == 0
    assert document["profiles"] == proof.profiles and document["atoms"] == proof.atoms
    assert all(invariant["holds"] for invariant in document["invariants"])
    assert {f["state"] for f in document["findings"]} == {"accepted"}
    assert all(f["axioms"][0]["file"].startswith("ontology/") for f in document["findings"])


@pytest.mark.parametrize("form", ["text", "json", "markdown"])
def test_open_findings_are_written_with_their_witness(form: str, tmp_path: Path) -> None:
    code, text = run(TESTS / "tiny", form, tmp_path / "proof")
    assert code == 1
    shown = text if form != "json" else "\n".join(f["witness"] for f in json.loads(text)["findings"])
    assert "gp:hasFinding [ a pot:SoggySoil ]" in shown
    assert "silent-region" in text and "72" in text


def test_a_witness_as_written_is_a_record(guideline: Guideline, proof: Proof) -> None:
    renderer = ProofWriter(guideline, proof)
    for finding in proof.findings:
        text = renderer.witness(finding)
        assert text and len(read_text(text, "witness", format="turtle").graph) > 0

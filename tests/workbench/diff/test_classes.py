"""The changed axioms that bring a difference about."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

from clean_guideline import CLEAN, PLANT
from compared_versions import answer, plants, state
from conftest import TESTS

from reasoner.guideline.guideline import Guideline, load_guideline
from reasoner.terms import local_name
from reasoner.workbench.diff.diff import diff


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

"""What one finding or act in some classes is in besides: see also the worlds of `test_background`."""

from __future__ import annotations

from pathlib import Path

from small_ontologies import written

from reasoner.logic.fillers import FillerTheory
from reasoner.logic.translate import Translator

GP, POT = "https://w3id.org/guideproof/core#", "https://example.org/own#"
TEXT = f"""
<{POT}A> a owl:Class ; rdfs:subClassOf <{POT}B> .
<{POT}B> a owl:Class ; rdfs:subClassOf gp:Finding .
<{POT}C> a owl:Class ; rdfs:subClassOf gp:Finding ; owl:disjointWith <{POT}B> .
"""


def theory(tmp_path: Path) -> FillerTheory:
    return FillerTheory(Translator(written(TEXT, tmp_path)[0]))


def test_classes_above_and_below_by_chains(tmp_path: Path) -> None:
    fillers = theory(tmp_path)
    assert fillers.above([f"{POT}A"]) == {f"{POT}A", f"{POT}B", f"{GP}Finding"} == fillers.reached([f"{POT}A"])
    assert fillers.below([f"{POT}B"]) == [f"{POT}A", f"{POT}B"]


def test_no_filler_is_in_two_disjoint_classes(tmp_path: Path) -> None:
    fillers = theory(tmp_path)
    types, _, simple = fillers.types(frozenset([f"{POT}A"]))
    assert types == [frozenset(fillers.above([f"{POT}A"]))] and simple
    assert fillers.types(frozenset([f"{POT}A", f"{POT}C"]))[0] == []

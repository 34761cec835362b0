"""Nemo: a Datalog program over the triples, N-Triples to CSV.

What is entailed and what is excluded are two relations, each with rules of its own; negation serves only for acts
that nobody recorded. The cases in which a definition's parts say more together than one by one are rules of their own
("also"). Numbers are converted in one rule and compared in another, as Nemo 0.10 fails on both in one.
"""

from __future__ import annotations

from pathlib import Path

import nmo_python as nemo
import polars as pl

from peers import COLUMNS, Steps

PREFIXES = """
@prefix gp: <https://w3id.org/guideproof/core#> .
@prefix sn: <https://w3id.org/guideproof/schmorl#> .
@prefix rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#> .
"""
FACTS = """
patient(?p) :- triple(?p, rdf:type, gp:Patient) .
has(?p, ?c) :- triple(?p, gp:hasFinding, ?n), triple(?n, rdf:type, ?c) .
has(?p, ?c) :- triple(?p, gp:underwent, ?n), triple(?n, rdf:type, ?c) .
has(?p, sn:SchmorlsNode) :- triple(?p, sn:indexNode, ?n) .
lacks(?p, ?c) :- triple(?p, gp:lacksFinding, ?c) .
lacks(?p, ?c) :- triple(?p, gp:didNotUndergo, ?c) .

below(sn:LocalizedBackPain, sn:BackPain) .
below(sn:NewOrWorseningLocalizedBackPain, sn:LocalizedBackPain) .
below(sn:NewLocalizedBackPain, sn:NewOrWorseningLocalizedBackPain) .
below(sn:WorseningLocalizedBackPain, sn:NewOrWorseningLocalizedBackPain) .
below(sn:Fever, sn:ConstitutionalSymptom) .
below(sn:NightSweats, sn:ConstitutionalSymptom) .
below(sn:UnexplainedWeightLoss, sn:ConstitutionalSymptom) .
below(sn:NsaidTherapy, sn:ConservativeTherapy) .
below(sn:PhysicalTherapy, sn:ConservativeTherapy) .
below(sn:MarrowEdemaOnMri, sn:SpineMri) .
below(sn:RootCompressingExtension, sn:PosteriorExtension) .
has(?p, ?d) :- has(?p, ?c), below(?c, ?d) .
lacks(?p, ?c) :- lacks(?p, ?d), below(?c, ?d) .
lacks(?p, sn:NewOrWorseningLocalizedBackPain) :-
    lacks(?p, sn:NewLocalizedBackPain), lacks(?p, sn:WorseningLocalizedBackPain) .
lacks(?p, sn:ConstitutionalSymptom) :-
    lacks(?p, sn:Fever), lacks(?p, sn:NightSweats), lacks(?p, sn:UnexplainedWeightLoss) .
has(?p, sn:WorseningLocalizedBackPain) :-
    has(?p, sn:NewOrWorseningLocalizedBackPain), lacks(?p, sn:NewLocalizedBackPain) .

weeks(?p, ?w) :- triple(?p, sn:conservativeTherapyWeeks, ?d), ?w = DOUBLE(?d) .
size(?p, ?m) :- triple(?p, sn:indexNode, ?n), triple(?n, sn:diameterMillimetre, ?d), ?m = DOUBLE(?d) .
has(?p, sn:ConservativeTherapy) :- weeks(?p, ?w), ?w > 0.0 .
"""
WEEKS = """
least{n}(?p) :- weeks(?p, ?w), ?w >= {n}.0 .
under{n}(?p) :- weeks(?p, ?w), ?w < {n}.0 .
under{n}(?p) :- lacks(?p, sn:ConservativeTherapy) .
"""
CRITERIA = """
node(?p) :- has(?p, sn:SchmorlsNode) .
outside(?p) :- lacks(?p, sn:SchmorlsNode) .
hurts(?p) :- node(?p), has(?p, sn:BackPain) .
mri(?p) :- has(?p, sn:SpineMri) .
noMri(?p) :- patient(?p), ~has(?p, sn:SpineMri) .
ruledOut(?p) :- has(?p, sn:DifferentialExclusion) .
notRuledOut(?p) :- patient(?p), ~has(?p, sn:DifferentialExclusion) .
reassessed(?p) :- has(?p, sn:RedFlagReassessment) .
notReassessed(?p) :- patient(?p), ~has(?p, sn:RedFlagReassessment) .
oedema(?p) :- has(?p, sn:MarrowEdemaOnMri) .
noOedema(?p) :- lacks(?p, sn:MarrowEdemaOnMri) .
noOedema(?p) :- noMri(?p) .
smallAtL4(?p) :- size(?p, ?m), ?m <= 3.0,
    triple(?p, sn:indexNode, ?n), triple(?n, sn:vertebra, sn:L4), triple(?n, sn:endplate, sn:InferiorEndplate) .
notSmallAtL4(?p) :- size(?p, ?m), ?m > 3.0 .
notSmallAtL4(?p) :- triple(?p, sn:indexNode, ?n), triple(?n, sn:vertebra, ?v), ?v != sn:L4 .
notSmallAtL4(?p) :- triple(?p, sn:indexNode, ?n), triple(?n, sn:endplate, ?e), ?e != sn:InferiorEndplate .

flag(?p) :- has(?p, sn:NewOrWorseningLocalizedBackPain), least6(?p) .
flag(?p) :- has(?p, sn:WorseningLocalizedBackPain), has(?p, sn:ConservativeTherapy) .
flag(?p) :- has(?p, sn:RadicularSymptom) .
flag(?p) :- has(?p, sn:ConstitutionalSymptom) .
flag(?p) :- has(?p, sn:ProgressiveNeurologicalDeficit) .
notRefractory(?p) :- lacks(?p, sn:NewOrWorseningLocalizedBackPain) .
notRefractory(?p) :- under6(?p), lacks(?p, sn:WorseningLocalizedBackPain) .
notRefractory(?p) :- lacks(?p, sn:ConservativeTherapy) .
noFlag(?p) :-
    notRefractory(?p), lacks(?p, sn:RadicularSymptom), lacks(?p, sn:ConstitutionalSymptom),
    lacks(?p, sn:ProgressiveNeurologicalDeficit) .
cleared(?p) :- noFlag(?p) .
cleared(?p) :- reassessed(?p), lacks(?p, sn:ProgressiveNeurologicalDeficit) .
notCleared(?p) :- flag(?p), notReassessed(?p) .
notCleared(?p) :- has(?p, sn:ProgressiveNeurologicalDeficit) .
noWorkup(?p) :- noOedema(?p) .
noWorkup(?p) :- ruledOut(?p) .
workupIfNode(?p) :- oedema(?p), notRuledOut(?p) .
rootSymptom(?p) :- has(?p, sn:RootCompressingExtension), has(?p, sn:RadicularSymptom) .
noRootSymptom(?p) :- lacks(?p, sn:RootCompressingExtension) .
noRootSymptom(?p) :- lacks(?p, sn:RadicularSymptom) .
symptomatic(?p) :- hurts(?p) .
symptomatic(?p) :- node(?p), rootSymptom(?p) .
noSymptom(?p) :- lacks(?p, sn:BackPain), noRootSymptom(?p) .
% also: without pain only radicular symptoms are left, which are a red flag
noFirstLine(?p) :- lacks(?p, sn:BackPain), notReassessed(?p) .

acute(?p) :- node(?p), has(?p, sn:LocalizedBackPain), oedema(?p), ruledOut(?p), cleared(?p) .
notAcute(?p) :- outside(?p) .
notAcute(?p) :- lacks(?p, sn:LocalizedBackPain) .
notAcute(?p) :- noOedema(?p) .
notAcute(?p) :- notRuledOut(?p) .
notAcute(?p) :- notCleared(?p) .
noCement(?p) :- notAcute(?p) .
noCement(?p) :- has(?p, sn:PosteriorExtension) .
% also: at 13 weeks, new or worsening pain is a red flag
noCement(?p) :- has(?p, sn:NewOrWorseningLocalizedBackPain), notReassessed(?p) .
"""
# For each class: the conjunction that entails it, and the conditions each of which excludes it.
CLASSES = {
    "RedFlagReassessmentNeeded": ("node(?p), flag(?p), notReassessed(?p)", "outside noFlag reassessed"),
    "DifferentialWorkup": ("node(?p), workupIfNode(?p)", "outside noWorkup"),
    "SymptomaticAcuteNode": ("acute(?p)", "notAcute"),
    "NoTreatmentOrFollowUp": ("noImaging(?p), smallAtL4(?p)", "someImaging notSmallAtL4"),
    "NoFollowUpImaging": ("noImaging(?p)", "someImaging"),
    "ConservativeManagement": (
        "symptomatic(?p), cleared(?p), under12(?p)",
        "outside noSymptom notCleared least12 noFirstLine",
    ),
    "MriAssessment": ("hurts(?p), least6(?p), noMri(?p)", "outside noPain under6 mri"),
    "VertebroplastyConsiderable": ("acute(?p), lacks(?p, sn:PosteriorExtension), least26(?p)", "noCement under26"),
    "VertebroplastyByJudgement": (
        "acute(?p), lacks(?p, sn:PosteriorExtension), least13(?p), under26(?p)",
        "noCement under13 least26",
    ),
    "SurgicalReferral": (
        "node(?p), rootSymptom(?p), least12(?p), reassessed(?p), noWorkup(?p)",
        "outside noRootSymptom under12 notReassessed workupIfNode",
    ),
    "RadiculopathyOfOtherCause": (
        "node(?p), has(?p, sn:RadicularSymptom), lacks(?p, sn:RootCompressingExtension)",
        "outside notRadicular compressed",
    ),
    "PainNotAttributable": ("hurts(?p), noOedema(?p)", "outside noPain oedema"),
    "InterventionPremature": ("symptomatic(?p), under13(?p)", "outside noSymptom least13"),
    "SurgeryNotIndicated": (
        "node(?p), lacks(?p, sn:ProgressiveNeurologicalDeficit), noRootSymptom(?p)",
        "outside deficit rootSymptom",
    ),
    "OutOfScope": ("outside(?p)", "node"),
}
SHORT = """
noPain(?p) :- lacks(?p, sn:BackPain) .
notRadicular(?p) :- lacks(?p, sn:RadicularSymptom) .
compressed(?p) :- has(?p, sn:RootCompressingExtension) .
deficit(?p) :- has(?p, sn:ProgressiveNeurologicalDeficit) .
noImaging(?p) :- node(?p), noPain(?p), noFlag(?p), noWorkup(?p) .
someImaging(?p) :- outside(?p) .
someImaging(?p) :- has(?p, sn:BackPain) .
someImaging(?p) :- flag(?p) .
someImaging(?p) :- workupIfNode(?p) .
"""


def program(source: Path) -> str:
    """The whole program: both relations are exported as CSV."""
    rules = [f'@import triple :- ntriples{{resource = "{source}"}} .', FACTS, CRITERIA, SHORT]
    rules += [WEEKS.format(n=n) for n in (6, 12, 13, 26)]
    for name, (entailed, excluded) in CLASSES.items():
        rules.append(f"entailed(?p, sn:{name}) :- {entailed} .")
        rules += [f"excluded(?p, sn:{name}) :- {condition}(?p) ." for condition in excluded.split()]
    rules += [f'@export {name} :- csv{{resource = "{name}.csv"}} .' for name in ("patient", "entailed", "excluded")]
    return PREFIXES + "\n".join(rules)


def exact(source: Path, out: Path) -> Steps:
    """All classes as OWL entails them: loading, reasoning, and writing both relations."""
    folder = out.with_suffix("")
    folder.mkdir(exist_ok=True)
    yield None
    engine = nemo.NemoEngine(nemo.load_string(program(source)))
    engine.reason()
    manager = nemo.NemoOutputManager(str(folder), True, False)
    for name in ("patient", "entailed", "excluded"):
        engine.write_result(name, manager)
    patients = read(folder, "patient", ["patient"])
    yield len(patients)
    answers = pl.concat([read(folder, name, ["patient", "class"]).with_columns(answer=pl.lit(name == "entailed"))
                         for name in ("entailed", "excluded")])  # fmt: skip
    answers = answers.with_columns(pl.col("class").str.replace(".*#", "sn:"))
    wide = answers.pivot("class", index="patient", values="answer")
    patients.join(wide, on="patient", how="left").select("patient", *COLUMNS).sort("patient").write_parquet(out)


def read(folder: Path, name: str, columns: list[str]) -> pl.DataFrame:
    return pl.read_csv(folder / f"{name}.csv", has_header=False, new_columns=columns)

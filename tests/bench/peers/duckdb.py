"""DuckDB: one SQL query from the fact table to Parquet.

AND, OR and NOT of SQL are Kleene's, and CASE takes a null for false; the cases that Kleene's logic misses are written
out as in `peers.polars`.
"""

from __future__ import annotations

from pathlib import Path

import duckdb

from peers import COLUMNS, Steps

FACTS = """
    SELECT patient,
        CASE WHEN local OR either OR new OR worsening THEN true ELSE back END AS pain,
        CASE WHEN either OR new OR worsening THEN true WHEN NOT back THEN false ELSE local END AS local,
        CASE WHEN new OR worsening THEN true
             WHEN NOT back OR NOT local OR NOT (new OR worsening) THEN false ELSE either END AS either,
        new, worsening AS told_worsening, oedema AS told_oedema,
        CASE WHEN root THEN true ELSE extension END AS extension,
        CASE WHEN NOT extension THEN false ELSE root END AS root, radicular, deficit,
        coalesce(fever OR sweats OR loss, constitutional) AS constitutional,
        CASE WHEN oedema THEN true ELSE coalesce(mri, false) END AS mri,
        coalesce(excluded, false) AS excluded, coalesce(reassessed, false) AS reassessed,
        CASE WHEN nsaid OR physical OR low > 0 THEN true ELSE therapy END AS therapy, low, high,
        CASE WHEN index_node THEN true ELSE node END AS node,
        vertebra = 'sn:L4' AND endplate = 'sn:InferiorEndplate'
            AND CASE WHEN most <= 3 THEN true WHEN least > 3 THEN false END AS small_l4_inferior
    FROM patients"""
CRITERIA = """
    SELECT *,
        CASE WHEN told_worsening THEN true WHEN NOT either THEN false
             WHEN either AND NOT new THEN true ELSE told_worsening END AS worsening,
        CASE WHEN NOT mri THEN false ELSE told_oedema END AS oedema,
        CASE WHEN low >= 6 THEN true WHEN high < 6 OR NOT therapy THEN false END AS weeks6,
        CASE WHEN low >= 12 THEN true WHEN high < 12 OR NOT therapy THEN false END AS weeks12,
        CASE WHEN low >= 13 THEN true WHEN high < 13 OR NOT therapy THEN false END AS weeks13,
        CASE WHEN low >= 26 THEN true WHEN high < 26 OR NOT therapy THEN false END AS weeks26
    FROM facts"""
FLAGS = """
    SELECT *,
        (either AND weeks6) OR (worsening AND therapy) OR radicular OR constitutional OR deficit AS flag,
        NOT flag OR (reassessed AND NOT deficit) AS cleared,
        radicular AND root AS root_symptom, pain OR root_symptom AS symptomatic,
        node AND oedema AND NOT excluded AS workup,
        NOT oedema OR excluded AS no_workup,
        node AND local AND oedema AND excluded AND cleared AS acute,
        acute AND NOT extension AND (NOT either OR reassessed) AS cement,
        node AND NOT pain AND NOT flag AND no_workup AS no_imaging
    FROM criteria"""
CLASSES = (
    "node AND flag AND NOT reassessed",
    "workup",
    "acute",
    "no_imaging AND small_l4_inferior",
    "no_imaging",
    "node AND symptomatic AND cleared AND NOT weeks12 AND (pain OR reassessed)",
    "node AND pain AND weeks6 AND NOT mri",
    "cement AND weeks26",
    "cement AND weeks13 AND NOT weeks26",
    "node AND root_symptom AND weeks12 AND reassessed AND no_workup",
    "node AND radicular AND NOT root",
    "node AND pain AND NOT oedema",
    "node AND symptomatic AND NOT weeks13",
    "node AND NOT deficit AND NOT root_symptom",
    "NOT node",
)
NAMES = {
    "node": "SchmorlsNode", "back": "BackPain", "local": "LocalizedBackPain",
    "either": "NewOrWorseningLocalizedBackPain", "new": "NewLocalizedBackPain",
    "worsening": "WorseningLocalizedBackPain", "radicular": "RadicularSymptom",
    "constitutional": "ConstitutionalSymptom", "fever": "Fever", "sweats": "NightSweats",
    "loss": "UnexplainedWeightLoss", "deficit": "ProgressiveNeurologicalDeficit", "oedema": "MarrowEdemaOnMri",
    "extension": "PosteriorExtension", "root": "RootCompressingExtension",
    "therapy": "ConservativeTherapy", "nsaid": "NsaidTherapy", "physical": "PhysicalTherapy",
    "mri": "SpineMri", "excluded": "DifferentialExclusion",
    "reassessed": "RedFlagReassessment", "index_node": "indexNode", "vertebra": "indexNode/sn:vertebra",
    "endplate": "indexNode/sn:endplate", "least": "indexNode/sn:diameterMillimetre.low",
    "most": "indexNode/sn:diameterMillimetre.high", "low": "conservativeTherapyWeeks.low",
    "high": "conservativeTherapyWeeks.high",
}  # fmt: skip


def exact(source: Path, out: Path) -> Steps:
    """All classes as OWL entails them."""
    columns = ", ".join(f'"sn:{column}" AS {name}' for name, column in NAMES.items())
    classes = ", ".join(f'{sql} AS "{column}"' for sql, column in zip(CLASSES, COLUMNS, strict=True))
    query = f"""COPY (
        WITH patients AS (SELECT patient, {columns} FROM read_parquet('{source}')),
            facts AS ({FACTS}), criteria AS ({CRITERIA}), flags AS ({FLAGS})
        SELECT patient, {classes} FROM flags
    ) TO '{out}' (FORMAT parquet)"""
    yield None
    [(rows,)] = duckdb.connect().execute(query).fetchall()
    yield rows

"""Polars: hand-written expressions over the fact table, scanned lazily, streamed to Parquet.

`&`, `|` and `~` on nullable Booleans are Kleene's; `when` takes a null for false. What a class implies is written out
where a record may state one side of it. Kleene's logic is not entailment. Three cases are therefore written out too: an
acute node at 13 weeks needs a patient without a red flag, and new or worsening pain at 6 weeks is one
(`no_open_flag`); "a node, and no work-up", where a work-up needs a node, has the node in both halves (`no_workup`); and
without pain first-line care is for radicular symptoms, which are a red flag (`first_line`).
"""

from __future__ import annotations

from pathlib import Path

import polars as pl

from peers import COLUMNS, Steps

col, when = pl.col, pl.when


def sn(name: str) -> pl.Expr:
    return col(f"sn:{name}")


def exact(source: Path, out: Path) -> Steps:
    """All classes as OWL entails them."""
    yield None
    answers(pl.scan_parquet(source)).sink_parquet(out)
    yield rows(out)


def alone(source: Path, out: Path) -> Steps:
    """The same from columns in memory to columns in memory: the expressions alone, without reading and writing."""
    assert out
    patients = pl.read_parquet(source)
    yield None
    yield answers(patients.lazy()).collect(engine="streaming").height


def copied(source: Path, out: Path) -> Steps:
    """No expressions: `patient` and as many Boolean columns as there are classes are read and written as they are."""
    flags = [name for name, kind in pl.scan_parquet(source).collect_schema().items() if kind == pl.Boolean]
    yield None
    pl.scan_parquet(source).select("patient", *flags[: len(COLUMNS)]).sink_parquet(out)
    yield rows(out)


def kleene(source: Path, out: Path) -> Steps:
    """All classes by the definitions alone, without the three cases that are written out."""
    yield None
    answers(pl.scan_parquet(source), cases=False).sink_parquet(out)
    yield rows(out)


def rows(path: Path) -> int:
    return int(pl.scan_parquet(path).select(pl.len()).collect().item())


def answers(patients: pl.LazyFrame, *, cases: bool = True) -> pl.LazyFrame:
    """The column `patient` and one for each class."""
    facts = patients.select("patient", *pain(), *signs(), *imaging(), *therapy(), *node())
    criteria = facts.with_columns(
        # Kinds of pain, from the narrowest up and from the broadest down; new and worsening cover their union.
        worsening=when("worsening").then(True).when(~col("new_or_worsening")).then(False)
        .when(col("new_or_worsening") & ~col("new")).then(True).otherwise("worsening"),
        oedema=when(~col("mri")).then(False).otherwise("oedema"),
        **{f"weeks{n}": when(col("low") >= n).then(True).when((col("high") < n) | ~col("therapy")).then(False)
           for n in (6, 12, 13, 26)},
    )  # fmt: skip
    return criteria.with_columns(flags()).with_columns(cleared(), workup()).select("patient", *classes(cases))


def pain() -> list[pl.Expr]:
    back, local, either = sn("BackPain"), sn("LocalizedBackPain"), sn("NewOrWorseningLocalizedBackPain")
    new, worsening = sn("NewLocalizedBackPain"), sn("WorseningLocalizedBackPain")
    any_narrow = either | new | worsening
    none = ~back | ~local | (~new & ~worsening)
    return [
        when(local | any_narrow).then(True).otherwise(back).alias("pain"),
        when(any_narrow).then(True).when(~back).then(False).otherwise(local).alias("local"),
        when(new | worsening).then(True).when(none).then(False).otherwise(either).alias("new_or_worsening"),
        new.alias("new"),
        worsening.alias("worsening"),
    ]


def signs() -> list[pl.Expr]:
    any_sign = sn("Fever") | sn("NightSweats") | sn("UnexplainedWeightLoss")
    whole = sn("ConstitutionalSymptom")
    return [
        when(any_sign).then(True).when(~any_sign).then(False).otherwise(whole).alias("constitutional"),
        sn("RadicularSymptom").alias("radicular"),
        sn("ProgressiveNeurologicalDeficit").alias("deficit"),
    ]


def imaging() -> list[pl.Expr]:
    """An act that nobody recorded has not been done; oedema on an MRI shows that there was one."""
    oedema, extension, root = sn("MarrowEdemaOnMri"), sn("PosteriorExtension"), sn("RootCompressingExtension")
    return [
        oedema.alias("oedema"),
        when(oedema).then(True).otherwise(sn("SpineMri").fill_null(False)).alias("mri"),
        when(root).then(True).otherwise(extension).alias("extension"),
        when(~extension).then(False).otherwise(root).alias("root"),
        sn("DifferentialExclusion").fill_null(False).alias("excluded"),
        sn("RedFlagReassessment").fill_null(False).alias("reassessed"),
    ]


def therapy() -> list[pl.Expr]:
    low, high = sn("conservativeTherapyWeeks.low"), sn("conservativeTherapyWeeks.high")
    begun = sn("NsaidTherapy") | sn("PhysicalTherapy") | (low > 0)
    return [
        low.alias("low"),
        high.alias("high"),
        when(begun).then(True).otherwise(sn("ConservativeTherapy")).alias("therapy"),
    ]


def node() -> list[pl.Expr]:
    index = sn("indexNode")
    low, high = sn("indexNode/sn:diameterMillimetre.low"), sn("indexNode/sn:diameterMillimetre.high")
    small = when(high <= 3).then(True).when(low > 3).then(False)
    at_l4 = sn("indexNode/sn:vertebra") == "sn:L4"
    inferior = sn("indexNode/sn:endplate") == "sn:InferiorEndplate"
    return [
        when(index).then(True).otherwise(sn("SchmorlsNode")).alias("node"),
        (small & at_l4 & inferior).alias("small_l4_inferior"),
    ]


def flags() -> pl.Expr:
    refractory = (col("new_or_worsening") & col("weeks6")) | (col("worsening") & col("therapy"))
    return (refractory | col("radicular") | col("constitutional") | col("deficit")).alias("flag")


def cleared() -> pl.Expr:
    return (~col("flag") | (col("reassessed") & ~col("deficit"))).alias("cleared")


def workup() -> pl.Expr:
    return (col("node") & col("oedema") & ~col("excluded")).alias("workup")


def classes(cases: bool) -> list[pl.Expr]:
    """The definitions, in the order of CLASSES."""
    at_node, hurts = col("node"), col("node") & col("pain")
    no_workup = ~col("oedema") | col("excluded") if cases else ~col("workup")
    acute = at_node & col("local") & col("oedema") & col("excluded") & col("cleared")
    no_open_flag = ~col("new_or_worsening") | col("reassessed") if cases else pl.lit(True)
    cement = acute & ~col("extension") & no_open_flag
    root_symptom = col("radicular") & col("root")
    symptomatic = at_node & (col("pain") | root_symptom)
    first_line = col("pain") | col("reassessed") if cases else pl.lit(True)
    no_imaging = at_node & ~col("pain") & ~col("flag") & no_workup
    defined = (
        at_node & col("flag") & ~col("reassessed"),
        col("workup"),
        acute,
        no_imaging & col("small_l4_inferior"),
        no_imaging,
        symptomatic & col("cleared") & ~col("weeks12") & first_line,
        hurts & col("weeks6") & ~col("mri"),
        cement & col("weeks26"),
        cement & col("weeks13") & ~col("weeks26"),
        at_node & root_symptom & col("weeks12") & col("reassessed") & no_workup,
        at_node & col("radicular") & ~col("root"),
        hurts & ~col("oedema"),
        symptomatic & ~col("weeks13"),
        at_node & ~col("deficit") & ~root_symptom,
        ~at_node,
    )
    return [expression.alias(name) for name, expression in zip(COLUMNS, defined, strict=True)]

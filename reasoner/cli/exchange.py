"""The command for other reasoners: `guideproof owl`. A thin door; other modules give what it prints."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from reasoner.cli.deliver import as_of_date, deliver, load, report_refusals
from reasoner.cli.options import AsOf, GuidelineDir, Input, OneRecord, Out
from reasoner.patient.assess import Assessment
from reasoner.patient.classify import classify_files, has_refusals
from reasoner.render.identity import BASE, checked_base

app = typer.Typer()


class OwlFormat(StrEnum):
    """How an ontology is written."""

    TURTLE = "turtle"
    N_TRIPLES = "n-triples"
    XML = "xml"


_EXAMPLES = "guideproof owl patient.ttl --out patient.owl.ttl\n\nguideproof owl patient.ttl --assumptions"

_SYNTAX = {OwlFormat.TURTLE: "turtle", OwlFormat.N_TRIPLES: "nt", OwlFormat.XML: "xml"}


@app.command(epilog=f"[bold]Examples[/bold]\n\n{_EXAMPLES}")
def owl(
    record: OneRecord,
    as_of: AsOf = "",
    assumptions: Annotated[
        bool, typer.Option("--assumptions", help="The ontology of what is assumed, which imports that of the record.")
    ] = False,
    format: Annotated[OwlFormat, typer.Option(help="The syntax.")] = OwlFormat.TURTLE,
    out: Out = None,
    guideline: GuidelineDir = None,
    input: Input = None,
    base: Annotated[str, typer.Option(metavar="IRI", help="What the IRIs of the ontology begin with.")] = BASE,
) -> None:
    """Write a record as OWL 2, with the guideline imported, so that any reasoner can check the answer."""
    from reasoner.render.owl import assumption_ontology, record_ontology

    loaded, day, base = load(guideline), as_of_date(as_of), checked_base(base)
    results = classify_files(loaded, [record], day, format=input)
    assessed = [one for one in results if isinstance(one, Assessment)]
    graph = (assumption_ontology if assumptions else record_ontology)(loaded, assessed, base)
    deliver(graph.serialize(format=_SYNTAX[format]), out)
    report_refusals(loaded, results)
    if has_refusals(results):
        raise typer.Exit(2)

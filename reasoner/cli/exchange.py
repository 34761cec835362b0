"""The commands for other hands: `guideproof owl` and `verify`. A thin door; other modules give what they print.

Exit codes: 0 done, 1 an answer does not hold, 2 bad input, 3 our fault.
"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from reasoner.cli.author import ReportFormat, ReportOption, deliver_report
from reasoner.cli.deliver import as_of_date, deliver, load, report_refusals
from reasoner.cli.options import AsOf, GuidelineDir, Input, OneRecord, Out
from reasoner.cli.patient import Engine
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


_VERIFY = "guideproof verify answer.json\n\nguideproof verify answer.ttl patient.ttl --engine compiled"


@app.command(epilog=f"[bold]Examples[/bold]\n\n{_VERIFY}")
def verify(
    answer: Annotated[Path, typer.Argument(metavar="ANSWER", help="What classify or batch wrote, as JSON or RDF.")],
    record: Annotated[str | None, typer.Argument(metavar="RECORD", help="The record, to classify again.")] = None,
    engine: Annotated[Engine, typer.Option(help="hermit proves each reason; compiled needs no Java.")] = Engine.HERMIT,
    format: ReportOption = ReportFormat.TEXT,
    out: Out = None,
    guideline: GuidelineDir = None,
    input: Annotated[str | None, typer.Option("--input", metavar="SYNTAX", help="The syntax of ANSWER.")] = None,
) -> None:
    """Verify an answer: names, states, reasons, axioms, statements and citations; with RECORD, all of it."""
    from reasoner.workbench.verify.render import VerifyWriter
    from reasoner.workbench.verify.verify import verify as verified

    loaded = load(guideline)
    found = verified(loaded, answer, record, format=input, engine=engine)
    deliver_report(VerifyWriter(loaded.prefixes, found), format, out, clean=found.clean)

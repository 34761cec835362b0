"""Whether the guideline compiles: within the fragment that is decided exactly, without circles, its shapes too."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from rdflib import OWL, URIRef

from reasoner.errors import EngineError, GuidelineError, Problem
from reasoner.guideline.content import CHECKED, missing_imports
from reasoner.guideline.guideline import Guideline, load_guideline
from reasoner.guideline.read_shapes import compile_shapes
from reasoner.logic.compile import compile_axioms
from reasoner.logic.owl import read_axioms
from reasoner.workbench.check.files import Sources
from reasoner.workbench.declared import acceptances, invariants
from reasoner.workbench.finding import Finding

#: What the loader refuses and another check finds, on the line where it stands.
_ELSEWHERE = {"unresolved-import", "unknown-statement", "closed-finding", "undefined-class"}


def check_imports(sources: Sources) -> Iterator[Finding]:
    """Each import of an ontology that is not among the files: nothing is ever fetched."""
    for _, s, target in missing_imports(sources.ontologies):
        what = f"the imported ontology {target} is not in the folder ontology/, and nothing is fetched"
        remedy = "put its file into ontology/, correct its IRI, or delete the import"
        yield sources.finding("unresolved-import", what, remedy, (s, OWL.imports, target))


def check_fragment(sources: Sources) -> Iterator[Finding]:
    """What the compiler refuses: one fault of the ontologies at a time, and one of each file of shapes."""
    try:
        rules = compile_axioms(read_axioms(sources.ontologies)).rules
    except GuidelineError as error:
        yield from (sources.of_problem(_renamed(problem)) for problem in error.problems)
        return
    for parsed in sources.shapes:
        if Path(parsed.file).stem in CHECKED:
            try:
                compile_shapes([parsed], rules)
            except GuidelineError as error:
                yield from map(sources.of_problem, error.problems)


def _renamed(problem: Problem) -> Problem:
    """What names a term that nothing declares has one code."""
    if not problem.code.startswith("undeclared-"):
        return problem
    return Problem("undeclared-term", problem.what, problem.remedy, problem.file, problem.line, problem.node)


def check_declarations(sources: Sources) -> Iterator[Finding]:
    """Safety invariants and accepted findings that cannot be read, and shapes that slow every record down.

    Raises EngineError where the guideline cannot be loaded.
    """
    try:
        guideline = load_guideline(sources.directory)
    except GuidelineError as error:
        found = map(sources.of_problem, map(_renamed, error.problems))
        yield from (finding for finding in found if finding.code not in _ELSEWHERE)
        what = "the guideline cannot be loaded before other findings are mended"
        raise EngineError(Problem("not-loaded", what, "mend them first")) from error
    for read in (invariants, acceptances):
        try:
            read(guideline)
        except GuidelineError as error:
            yield from map(sources.of_problem, error.problems)
    yield from _beyond(sources, guideline)


def _beyond(sources: Sources, guideline: Guideline) -> Iterator[Finding]:
    for shape in guideline.content.contract.beyond:
        if not shape.needs:
            what = f"{sources.name(shape.shape)} is beyond what is compiled: the slow engine runs it on every record"
            remedy = "name by gp:needs what must occur in a record before the shape matters"
            yield sources.finding("shape-not-compiled", what, remedy, URIRef(shape.shape))

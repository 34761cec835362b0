"""Ordinary surroundings: an answer, or one line that says what is wrong with them, wherever the command is run."""

from __future__ import annotations

import os
import shlex
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from faults.outcomes import AS_OF, PREFIXES, TINY, cases, guideproof, surroundings

#: Each starts processes of its own.
pytestmark = pytest.mark.exhaustive


NO_UTF8 = "a name or an output that is no UTF-8 is an internal error"
STREAMS = "a standard stream that is closed or full is an internal error"
SIZES = "COLUMNS that are no width of a terminal print nothing, or are an internal error"
HOMELESS = "without a home every command is an internal error"

PLANT = TINY / "records" / "dry.ttl"
TINY_ONES = ("--guideline", str(TINY))
GUIDEPROOF = shlex.join([sys.executable, "-m", "reasoner.cli"])
CLASSIFY = f"{GUIDEPROOF} classify {shlex.quote(str(PLANT))} {shlex.join(TINY_ONES)} --as-of {AS_OF}"
COMMANDS = {
    "classify": CLASSIFY,
    "json": f"{CLASSIFY} --format json",
    "turtle": f"{CLASSIFY} --format turtle",
    "explain": f"{GUIDEPROOF} explain {shlex.quote(str(PLANT))} pot:WaterNow {shlex.join(TINY_ONES)}",
    "query": f"{GUIDEPROOF} query {shlex.quote(str(TINY / 'dry-plants.rq'))} {shlex.join(TINY_ONES)}",
    "list": f"{GUIDEPROOF} query --list",
    "schema": f"{GUIDEPROOF} schema {shlex.join(TINY_ONES)}",
    "help": f"{GUIDEPROOF} --help",
    "version": f"{GUIDEPROOF} --version",
}


def shell(line: str, **env: str) -> tuple[int, str, str]:
    """Run a line in a shell: exit code, standard output, standard error."""
    result = subprocess.run(
        ["bash", "-c", line], capture_output=True, timeout=120, check=False, cwd="/", env=surroundings(**env)
    )
    return result.returncode, result.stdout.decode(errors="replace"), result.stderr.decode(errors="replace")


def is_one_line(err: str) -> bool:
    """Whether there is one line, and it is a coded error that blames nobody's code."""
    return err.count("\n") == 1 and err.startswith("error [") and "internal" not in err and "report it" not in err


# -- names of files --

NAMES = {
    "Latin-1": b"w\xe9.ttl",
    "broken UTF-8": b"\xf0\x9f.ttl",
    "bytes": b"\xff\xfe\x80.ttl",
    "Shift JIS": b"\x8a\xb3\x8e\xd2.ttl",
}


@pytest.mark.parametrize("name", cases(NAMES, "", NO_UTF8))
@pytest.mark.parametrize("form", ["text", "json"])
def test_a_file_whose_name_is_no_utf8(tmp_path: Path, name: bytes, form: str) -> None:
    path = os.fsencode(tmp_path) + b"/" + name
    Path(os.fsdecode(path)).write_text(
        PREFIXES + "ex:p a gp:Patient ; gp:hasFinding [ a pot:StandingWater ] .", "utf-8"
    )
    outcome = guideproof("classify", Path(os.fsdecode(path)), *TINY_ONES, "--format", form)
    assert outcome.code == 0 and outcome.err == "" and "LetDry" in outcome.out


def test_an_error_in_a_file_whose_name_is_no_utf8(tmp_path: Path) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/w\xe9.ttl"))
    path.write_text("no Turtle", "utf-8")
    outcome = guideproof("classify", path, *TINY_ONES)
    assert outcome.code == 2 and outcome.codes == ["syntax-error"]


def test_a_file_that_is_not_there_and_whose_name_is_no_utf8(tmp_path: Path) -> None:
    outcome = guideproof("classify", Path(os.fsdecode(os.fsencode(tmp_path) + b"/w\xe9.ttl")))
    assert outcome.code == 2 and is_one_line(outcome.err)


def test_a_batch_of_a_directory_whose_name_is_no_utf8(tmp_path: Path) -> None:
    root = Path(os.fsdecode(os.fsencode(tmp_path) + b"/w\xe9"))
    shutil.copytree(TINY / "records", root)
    out = root.with_name(f"{root.name}.csv")
    outcome = guideproof("batch", root, out, *TINY_ONES, "--only", "status", memory=None)
    assert outcome.code == 2 and outcome.codes == ["name-not-utf8"]
    plain = tmp_path / "a.csv"
    assert guideproof("batch", root, plain, *TINY_ONES, "--only", "status", memory=None).code in (0, 2)
    assert plain.exists()


# -- encodings of the output --

ENCODINGS = {
    "latin-1": {"PYTHONIOENCODING": "latin-1"},
    "ascii": {"PYTHONIOENCODING": "ascii"},
    "cp1252": {"PYTHONIOENCODING": "cp1252"},
    "ascii, strict": {"PYTHONIOENCODING": "ascii:strict"},
    "LANG=C": {"LANG": "C", "LC_ALL": "C"},
    "LANG=C, not coerced": {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"},
    "POSIX": {"LC_ALL": "POSIX"},
    "no locale": {"LC_ALL": "", "LANG": ""},
}


@pytest.mark.parametrize("env", cases(ENCODINGS, "", NO_UTF8))
def test_an_output_that_is_no_utf8(env: dict[str, str]) -> None:
    code, out, err = shell(CLASSIFY, **env)
    assert (code, err) == (0, "") and "pot:WaterNow" in out


@pytest.mark.parametrize("env", ENCODINGS.values(), ids=ENCODINGS)
def test_an_error_where_the_output_is_no_utf8(env: dict[str, str]) -> None:
    code, out, err = shell(f"{GUIDEPROOF} classify /missing-é/✔.ttl", **env)
    assert (code, out) == (2, "") and is_one_line(err)


# -- streams --


@pytest.mark.parametrize("command", cases(COMMANDS, "", STREAMS))
def test_a_full_disk_behind_the_output(command: str) -> None:
    """A redirection to a device that is always full."""
    code, _, err = shell(f"{command} > /dev/full")
    assert code == 2 and is_one_line(err)


@pytest.mark.parametrize("command", cases(COMMANDS, "", STREAMS))
def test_an_output_that_is_closed(command: str) -> None:
    code, _, err = shell(f"{command} >&-")
    assert code in (0, 2) and (err == "" or is_one_line(err))


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_errors_that_nobody_can_read(command: str) -> None:
    code, out, _ = shell(f"{command} 2>&-")
    assert code == 0 and out


def test_an_input_that_is_closed() -> None:
    code, out, err = shell(f"{GUIDEPROOF} classify - <&-")
    assert (code, out) == (2, "") and is_one_line(err)


def test_an_input_that_is_empty() -> None:
    code, out, err = shell(f"{GUIDEPROOF} classify - < /dev/null")
    assert (code, out) == (2, "") and is_one_line(err)


def test_all_streams_closed() -> None:
    assert shell(f"{GUIDEPROOF} classify {shlex.quote(str(PLANT))} {shlex.join(TINY_ONES)} <&- >&- 2>&-")[0] in (0, 2)


@pytest.mark.parametrize("name", cases(("classify", "json", "query", "list", "help"), "", STREAMS))
def test_a_pipe_that_closes_is_no_finding(tmp_path: Path, name: str) -> None:
    """`| head` reads what it wants: no error, no finding, nothing on standard error."""
    codes = tmp_path / "codes"
    _, _, err = shell(f"{{ {COMMANDS[name]}; echo $? > {codes}; }} | head -c 1")
    assert err == "" and codes.read_text().strip() in ("0", "141")


def test_a_pipe_that_closes_on_a_check(tmp_path: Path) -> None:
    """Also where the guideline is clean, and exit code 1 would say that it is not."""
    codes = tmp_path / "codes"
    _, _, err = shell(f"{{ {GUIDEPROOF} check {TINY} --format json; echo $? > {codes}; }} | true")
    assert err == "" and codes.read_text().strip() in ("0", "141")


# -- sizes of a terminal --


@pytest.mark.parametrize("columns", cases(("0", "1", "²", "-5", "wide", "", " 80 ", "1e3", "99999999999999999999"),
                                          "", SIZES))  # fmt: skip
def test_columns(columns: str) -> None:
    code, out, err = shell(CLASSIFY, COLUMNS=columns)
    assert (code, err) == (0, "") and "WaterNow" in "".join(out.split())


@pytest.mark.parametrize("env", [{"LINES": "²"}, {"TERM": ""}, {"TERM": "dumb"}, {"NO_COLOR": "1"}, {"FORCE_COLOR": "x"}],  # noqa: E501
                         ids=str)  # fmt: skip
def test_terminals(env: dict[str, str]) -> None:
    code, out, err = shell(CLASSIFY, **env)
    assert (code, err) == (0, "") and "WaterNow" in out


# -- homes and caches --


@pytest.mark.parametrize("command", cases(("classify", "query", "schema", "list", "version"), "", HOMELESS))
def test_no_home_and_no_entry_in_passwd(tmp_path: Path, command: str) -> None:
    """As in a container, or from cron: a cache that cannot be written is no error."""
    (tmp_path / "passwd").touch()
    (tmp_path / "nsswitch").write_text("passwd: files\n")
    mounted = f"mount --bind {tmp_path}/passwd /etc/passwd && mount --bind {tmp_path}/nsswitch /etc/nsswitch.conf"
    if shell(f"unshare -m sh -c {shlex.quote(mounted)}")[0] != 0:
        pytest.skip("this needs a file system of its own, which is not to be had here")
    line = f"{mounted} && exec env -u HOME -u GUIDEPROOF_CACHE -u XDG_CACHE_HOME {COMMANDS[command]}"
    code, out, err = shell(f"unshare -m sh -c {shlex.quote(line)}")
    assert (code, err) == (0, "") and out


@pytest.mark.parametrize("place", ["/dev/null", "/proc/nothing", "/dev/null/deeper", "relative", "\udce9"])
def test_a_cache_that_cannot_be_written(tmp_path: Path, place: str) -> None:
    code, out, err = shell(f"cd {tmp_path}; {CLASSIFY}", GUIDEPROOF_CACHE=place)
    assert (code, err) == (0, "") and "WaterNow" in out


def test_a_cache_that_is_read_only(tmp_path: Path) -> None:
    """For root the directory is writable all the same, and the answer is the same either way."""
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache").chmod(stat.S_IRUSR | stat.S_IXUSR)
    code, out, err = shell(CLASSIFY, GUIDEPROOF_CACHE=str(tmp_path / "cache"))
    assert (code, err) == (0, "") and "WaterNow" in out


def test_a_working_directory_that_is_gone(tmp_path: Path) -> None:
    (tmp_path / "gone").mkdir()
    code, out, err = shell(f"cd {tmp_path / 'gone'}; rmdir {tmp_path / 'gone'}; {CLASSIFY}")
    assert (code, err) == (0, "") and "WaterNow" in out


@pytest.mark.parametrize(
    "env", [{"TMPDIR": "/missing"}, {"XDG_CACHE_HOME": "relative"}, {"TZ": "Nowhere/Else"}], ids=str
)
def test_other_surroundings(env: dict[str, str]) -> None:
    code, out, err = shell(CLASSIFY, **env)
    assert (code, err) == (0, "") and "WaterNow" in out

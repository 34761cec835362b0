"""Where the data of a run stands: built once for each kind and number, in a process of its own.

    python tests/bench/dataset.py KIND PATIENTS

Files are named after what makes them, so that a change of one of `MAKERS` makes them anew.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
FOLDER = HERE.parents[1] / "build" / "bench"
SUFFIXES = {"table": ".parquet", "ntriples": ".nt", "turtle": ".ttl", "mixed": ".nt", "rdfxml": ".rdf",
            "jsonld": ".jsonld"}  # fmt: skip
MAKERS = ("data.py", "triples.py", "documents.py")


def path_of(kind: str, patients: int) -> Path:
    """Where the file of that kind and number stands, or will stand."""
    made_by = hashlib.sha256(b"".join((HERE / name).read_bytes() for name in MAKERS)).hexdigest()[:8]
    return FOLDER / f"{kind}-{patients}-{made_by}{SUFFIXES[kind]}"


def build(kind: str, patients: int) -> Path:
    """The file of that kind and number, built where it is missing."""
    path = path_of(kind, patients)
    if not path.is_file():
        subprocess.run([sys.executable, str(HERE / "dataset.py"), kind, str(patients)], check=True)
    return path


def main(kind: str, patients: int) -> None:
    """Build one file, under another name until it is whole."""
    import data
    import documents
    import triples

    write = {"table": data.write_parquet, "ntriples": triples.write_ntriples, "turtle": triples.write_turtle,
             "mixed": triples.write_mixed, "rdfxml": documents.write_rdfxml,
             "jsonld": documents.write_jsonld}[kind]  # fmt: skip
    FOLDER.mkdir(parents=True, exist_ok=True)
    path = path_of(kind, patients)
    unfinished = path.with_suffix(".part")
    write(unfinished, patients)
    unfinished.rename(path)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))

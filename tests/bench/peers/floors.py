"""The floors: what it takes to read the input, and to write as many answers, and to do nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import cycle, islice
from pathlib import Path

from peers import COLUMNS, TIMED, Steps

#: Rows at a time: the rows of a row group of the file.
ROWS = 131_072


def arrow_read(source: Path, out: Path) -> Steps:
    """pyarrow reads every column of the Parquet file, batch by batch."""
    import pyarrow.parquet as pq

    assert out
    yield None
    with pq.ParquetFile(source) as file:
        yield sum(batch.num_rows for batch in file.iter_batches(ROWS))


def arrow_copy(source: Path, out: Path) -> Steps:
    """pyarrow reads every column, and writes `patient` and as many Boolean columns as ours has written before it."""
    import pyarrow.parquet as pq

    own = out.with_name("columns-batch.parquet")
    yield from _copied(source, out, pq.read_schema(own).names[1:] if own.is_file() else COLUMNS)


def arrow_few(source: Path, out: Path) -> Steps:
    """pyarrow reads every column, and writes `patient` and as many Boolean columns as there are management classes."""
    yield from _copied(source, out, COLUMNS)


def _copied(source: Path, out: Path, names: Sequence[str]) -> Steps:
    import pyarrow as pa
    import pyarrow.parquet as pq

    with pq.ParquetFile(source) as file:
        flags = [field.name for field in file.schema_arrow if pa.types.is_boolean(field.type)]
        chosen = list(islice(cycle(flags), len(names)))
        schema = pa.schema([("patient", pa.string()), *((name, pa.bool_()) for name in names)])
        yield None
        rows = 0
        with pq.ParquetWriter(out, schema) as writer:
            for batch in file.iter_batches(ROWS):
                columns = [batch["patient"], *(batch[name] for name in chosen)]
                writer.write_batch(pa.record_batch(columns, schema=schema), row_group_size=ROWS)
                rows += batch.num_rows
        yield rows


def oxigraph(source: Path, out: Path) -> Steps:
    """pyoxigraph parses the file, triple by triple; counted are triples."""
    import pyoxigraph as ox

    assert out
    known = {".nt": ox.RdfFormat.N_TRIPLES, ".ttl": ox.RdfFormat.TURTLE, ".rdf": ox.RdfFormat.RDF_XML,
             ".jsonld": ox.RdfFormat.JSON_LD}  # fmt: skip
    yield None
    yield sum(1 for _ in ox.parse(path=str(source), format=known[source.suffix]))


def rdflib(source: Path, out: Path) -> Steps:
    """rdflib parses the file into a graph; counted are triples."""
    from rdflib import Graph

    assert out
    yield None
    yield len(Graph().parse(source))


def rdflib_each(source: Path, out: Path) -> Steps:
    """rdflib parses patients one at a time, each a text of its own."""
    from rdflib import Graph

    assert out
    texts = apart(source)
    for text in texts[:-TIMED]:
        Graph().parse(data=text, format="turtle")
    yield None
    for text in texts[-TIMED:]:
        Graph().parse(data=text, format="turtle")
    yield TIMED


def apart(source: Path) -> list[str]:
    """The Turtle of each patient by itself, with the prefixes."""
    header, *patients = source.read_text("utf-8").split(" a gp:Patient")
    lines = header.splitlines()
    prefixes, first = "\n".join(lines[:-1]), lines[-1]
    texts = []
    for patient in patients:
        body, _, following = patient.rstrip("\n").rpartition("\n") if patient is not patients[-1] else (patient, "", "")
        texts.append(f"{prefixes}\n{first} a gp:Patient{body}\n")
        first = following
    return texts

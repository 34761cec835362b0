"""A process that answers one query, so that one that takes too long, too much memory or too deep a stack can be ended.

Run as a script. It reads on standard input, pickled: the query, the terms bound in it, the prefixes, and the data as
N-Triples. It writes one line that says what it found, and the answer as SPARQL results in JSON or as N-Triples.
"""

from __future__ import annotations

import pickle
import sys
from contextlib import suppress

import pyoxigraph as ox

#: Bytes of memory that a query may take.
MOST_MEMORY = 4 << 30


def main() -> None:
    """Answer the query of standard input."""
    _limit()
    text, bindings, prefixes, data = pickle.load(sys.stdin.buffer)
    store = ox.Store()
    store.bulk_load(data, format=ox.RdfFormat.N_TRIPLES)
    substitutions = {ox.Variable(name): term for name, term in bindings.items()}
    try:
        answer = store.query(text, substitutions=substitutions, prefixes=prefixes)
        if isinstance(answer, ox.QueryTriples):
            kind, body = "triples", ox.serialize(answer, format=ox.RdfFormat.N_TRIPLES)
        else:
            kind, body = "results", answer.serialize(format=ox.QueryResultsFormat.JSON)
    except (SyntaxError, ValueError, RuntimeError) as error:
        kind, body = "error", str(error).encode()
    sys.stdout.buffer.write(kind.encode() + b"\n" + (body or b""))


def _limit() -> None:
    """Bound the memory of this process, where the system can, and have it leave no core."""
    with suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))


if __name__ == "__main__":
    main()

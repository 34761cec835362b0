"""Records as N-Triples, read by columns."""

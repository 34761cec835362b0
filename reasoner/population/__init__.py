"""Batches: from input files to one file, or to a directory that is resumed; embedded or on Spark."""

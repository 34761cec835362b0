"""Batches: from input files to one output, in parts that survive being killed; embedded or on Spark."""

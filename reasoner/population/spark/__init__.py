"""Batches on Spark."""

"""Fact tables: a row a patient, a column a fact."""

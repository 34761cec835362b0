"""Assessments as JSON, RDF, tables and text."""

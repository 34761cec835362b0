"""Checking an answer: by itself, by HermiT, and against its record."""

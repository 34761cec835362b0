"""One patient: assessed by the compiled guideline, or by the reference engine."""

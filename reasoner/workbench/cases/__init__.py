"""Cases of a guideline: whether they pass, what they reach, and which changes they would notice."""

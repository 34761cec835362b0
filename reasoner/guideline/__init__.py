"""A guideline as a directory: loaded, compiled, and what it says besides its logic."""

"""Every fault that was seen, and others of its kind, as tests; and faults to seed into a guideline."""

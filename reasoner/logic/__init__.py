"""From axioms to answers for one patient, as logic: clauses, prime implicants, deciding, justifying, asking.

Nothing here reads a record or writes an answer.
"""

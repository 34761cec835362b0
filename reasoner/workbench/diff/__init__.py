"""What an edit changes, over all possible patients."""

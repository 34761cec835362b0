"""What holds of a guideline over all possible patients."""

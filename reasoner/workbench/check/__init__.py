"""What an edit broke: checks of the files of a guideline."""

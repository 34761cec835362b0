"""What guideline authors ask of an edit: what it broke, what it proves, which cases notice it, what it changes."""

"""What guideline authors ask of an edit: what it broke, proves and changes, and which cases notice; verified answers."""

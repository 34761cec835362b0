"""What guideline authors ask of an edit: what it broke, proves and changes, which cases notice; verified answers."""

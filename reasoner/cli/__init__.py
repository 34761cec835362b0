"""The command line: `guideproof`."""

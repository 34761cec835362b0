"""`python -m reasoner.cli` is `guideproof`."""

from reasoner.cli.main import process

if __name__ == "__main__":
    process()

"""`python -m reasoner.cli` is `guideproof`."""

from reasoner.cli.main import main

if __name__ == "__main__":
    main()

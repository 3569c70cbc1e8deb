"""`python -m ketjet`: see `ketjet.cli`."""

from ketjet.cli import main

if __name__ == "__main__":
    raise SystemExit(main())

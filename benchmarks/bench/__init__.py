"""What is measured: each module is a benchmark of `run.py`, by its name."""

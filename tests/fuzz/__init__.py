"""Fuzzing of what reads files: `python -m tests.fuzz`."""

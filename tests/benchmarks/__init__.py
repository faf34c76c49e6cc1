"""Measurements, run by hand and smoke-run by the test command: `python -m tests.benchmarks.NAME [--quick]`.

Each prints one JSON object on the last line of its output.
"""

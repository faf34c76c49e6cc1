"""The real program under load, killed at random moments; what is on disk then. `python -m tests.crash --kills N`."""

"""The tests: ``unit`` mirrors the package, ``widgets`` and ``end2end`` drive the real program."""

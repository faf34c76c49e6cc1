"""Composition root: builds every object, connects signals, owns lifetimes."""

"""coderapp: a desktop program in which developers talk to code-generating language models."""

__version__ = "0.1.0"

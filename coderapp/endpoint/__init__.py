"""The built-in CODER endpoint. Runs in its own process; the window reaches it by HTTP alone."""

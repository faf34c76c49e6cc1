"""The conversation pane: a painted, virtual document."""

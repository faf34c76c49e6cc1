"""Dialogs: profiles, settings, links, raw replies."""

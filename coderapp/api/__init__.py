"""Bytes from an endpoint become typed events here, and only here."""

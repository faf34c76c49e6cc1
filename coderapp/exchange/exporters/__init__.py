"""Conversations to files of other kinds."""

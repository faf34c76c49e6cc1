"""Conversations out to files of other kinds, and in from those of other programs. No Qt."""

"""Reads conversations that other programs wrote, and our own, into conversations of ours."""

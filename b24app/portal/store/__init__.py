"""Queries of the directory, tokens, sessions and calls."""

"""Queries of checks."""

"""Queries of files and what goes into them."""

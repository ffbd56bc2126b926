"""Queries of the work index, the inbox and what was given up."""

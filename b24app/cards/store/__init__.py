"""Queries of what is known of cards."""

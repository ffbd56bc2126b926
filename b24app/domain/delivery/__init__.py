"""Everybody's words about news and its delivery."""

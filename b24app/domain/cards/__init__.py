"""Everybody's words about cards."""

"""Queries of memberships and intents."""

"""Queries of memberships, intents and aliases."""

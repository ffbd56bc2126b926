"""How news is sent, and what client apps do with their endpoints."""

"""How a check runs."""

"""How a changed card is decided, written and told."""

"""How news is loaded, sent and settled."""

"""How cards are read and compared."""

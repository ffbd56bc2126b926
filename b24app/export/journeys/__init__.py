"""How a file is made, restored and sent."""

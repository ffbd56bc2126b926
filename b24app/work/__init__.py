"""The machine: what waits, who does it, who is woken. It knows no feature."""

"""Rules of verification."""

"""Rules of what arrives."""

"""Rules of an installation."""

"""Rules of files: format, signature, restoring."""

"""Suites of others against the emulator: judges nobody here wrote (`make foreign`; not part of `make test`)."""

"""Addresses outside: which are allowed, how a name is resolved, what an answer may weigh."""

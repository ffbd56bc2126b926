"""Addresses outside: which may be called, how a name is resolved, what an answer may weigh.

An address is parsed once (`addresses.py`); `guard.py` says which may be called and opens the session that obeys; names
are looked up in threads of their own (`resolver.py`); the status of an answer counts, whatever stands behind it
(`answers.py`: the one seam in aiohttp).
"""

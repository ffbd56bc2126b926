"""What RQ calls: short blocking functions that hand over to the process's one event loop. They carry ids, no news.

RQ ends its worker for any error of Redis but a lost connection, mostly by returning as if it were done; a worker that
nobody told to stop is followed by another in the same process (`runtime.py`).
"""

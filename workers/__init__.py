"""What RQ calls: short blocking functions that hand over to the process's one event loop. They carry ids, no news."""

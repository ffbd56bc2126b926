"""The budgets, each measured against a bare reference in the same run. `python -m bench [name …]`."""

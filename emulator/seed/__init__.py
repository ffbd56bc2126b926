"""Data sets a portal can start with; each module has `plant(portal)`. They fire no events; every run is the same."""

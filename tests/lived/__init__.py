"""A database that has lived, from before the rooms were built: kept as it was, migrated by the suite ever since.

`data/database.txt` holds every table at revision 0011, `data/portals.json` the emulated portals it belongs to,
`data/export.jsonl.gz` an export that an administrator took out of the first of them. `make` made the three, once. They
are never made anew: each later issue migrates the same rows, as each installation out there will.
"""

"""Files of a portal's data: made, restored, sent every week.

An export file holds the kinds of truth that are ours and stand nowhere else, each a section that a room hands in
(`plug.ExportSection`); everything else is read from the portal again. It is made slice by slice, each slice in a
transaction and a gzip member of its own, so a crash costs a slice. It is signed by a key derived from the deployment's
(`domain/export/signing.py`).

A file is restored in four steps: uploaded in parts, examined (ours, whole, unchanged, of this portal), judged row by
row, and applied when an administrator says so. The file is the past: whatever people have done since wins. What comes
back leaves a row for its cards, and the ordinary journey puts them in line.

Making, restoring and sending are chores; none of them asks the portal, so a portal that has not paid, or has no
administrator left, still gets its own data.
"""

"""A sample feature, in the tests only: each company and each deal of a portal gets a number of its own.

It proves that a feature is added without editing the app: its tables come by a second folder of migrations, its field
and its modes by an overlay of app.yaml, and all else by the slots that every room has. docs/add-a-feature.md is what
was done here.

Owns stamps: the number of a card. Promises: no two cards of a portal have one number; a card keeps its own, also when
another card goes on for it (of two the lower one stays); client apps hear of a number when the card shows it.
"""

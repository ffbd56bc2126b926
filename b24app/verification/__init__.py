"""Who may act for a company: the checkbox, memberships, the card's tab.

Owns memberships (a person's belonging to one company, or to themselves), intents (buttons pressed in the tab), aliases
(which card goes on for a deleted one), and the rules about them in `domain/verification`. The box in the CRM is the
truth, the membership its projection, and *told* what client apps know of it.

A slice of changed cards takes one way (`journeys/journey.py`): gather facts (`gathering`, `succession`), decide without
reading (`cases`), then in one transaction store the decision, its news, rows for cards across a link, and what is
intended for the card; write the difference to the portal; settle. A card shows either what was settled, or what we
intended; anything else is somebody's act. Buttons take no short cut: they write the card with the person's own token,
and the journey takes it from there.

Promises: a crash between any two steps is repaired by running again. News is written where truth differs from told, for
the very version told of, and does not wait for the card. A card's journey writes that card only. Who decided is
borne out or unknown, never guessed (`witnesses`). A deleted card's memberships are suspended until another card goes on
for it, for thirty days at most (`expiry`); a box that a merge has moved decides nothing, and nothing opens by a merge.
"""

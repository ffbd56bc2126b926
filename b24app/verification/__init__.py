"""Who may act for a company: the checkbox, memberships, the card's tab.

Owns memberships (a person's belonging to one company, or to themselves), intents (buttons pressed in the tab), and the
rules about them in `domain/verification`. The box in the CRM is the truth, the membership its projection, and *told*
what client apps know of it.

Changed cards come through the pipeline of `b24app.cards` to one rule (`journeys/rule.py`): load memberships and pressed
buttons, decide without reading, store decision and news. A card shows either what was settled, or what we intended;
anything else is somebody's act. Buttons take no short cut: they write the card with the person's own token, and the
rule takes it from there.

At the beginning an administrator chooses who keeps the access that nobody has decided about (`journeys/launch.py`):
planned as it stands, handed out in batches as orders, which the same rule carries out after what people did.

Promises: News is written where truth differs from told, for the very version told of, and does not wait for the card.
Who decided is borne out or unknown, never guessed. A deleted card's memberships are suspended until another card goes
on for it, for thirty days at most (`expiry`); a box that a merge has moved decides nothing, and nothing opens by a
merge.
"""

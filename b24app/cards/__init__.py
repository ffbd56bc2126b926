"""Reading, knowing and writing CRM cards, whatever they mean to the rooms above.

Owns what we know of each card and requisite (`records`, `requisites`), the public ids by which client apps and other
rooms know companies and people (`customers`, `persons`), how far the first read has come (`imports`), and
what scans saw (`looks`), which cards go on for deleted ones (`aliases`), which rules failed on a card
(`rule_failures`) and what rules that only watch would have done (`rehearsed`). Everything found to differ becomes an
inbox row; the pipeline (`journeys/pipeline`) carries changed cards through the rules of the rooms above, which say what
a card means.

The first read (`importing`) goes through each list by rising id and stores where it stands with the rows, so whoever
dies costs the last 500 at most. Portal events are never repeated, and some changes have none: `rescan` looks every five
minutes at what was modified, by the portal's own clock, and every half an hour at the links of people decided about
within a day; `sweep` compares everything at night; `offline` fetches what the portal kept for us. Requisites are no
cards: `requisites` reads them and calls the cards they hang on.

A public id is made in the transaction that first stores its card, and never changes hands: where another card goes on
for a deleted one, the deleted one's ids become aliases that answer as the living one's. Export files hold them.

Promises: what the first read finds is no news. What waits in the inbox already, what was changed within the last
minute, and what shows our own intended values is no drift. A card missing from a list is asked for by itself before it
counts as deleted (`missing`). What nobody can understand (`odd`) is there, nothing else is known of it, and its
neighbours go on. A card is read, bound and compared while a rule acts on it; a rule that was off and is on again takes
known cards as they are, sees what it missed (`taking_up`, `records.behind`, `aliases.owed`), and nothing is imported
again.
"""

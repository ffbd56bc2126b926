"""One installation: how it begins, lives and ends, its tokens, its fields, its pages.

Who proves what:

- the opening of a frame, and the installer: the auth server's word about the access token: our client id, this member
  id, this domain;
- ONAPPINSTALL, ONAPPUPDATE: the same, and the portal's word that the token's owner is an administrator; then the
  application token is remembered, as a hash;
- other portal events: the application token, compared in constant time. It says that somebody of this portal sent the
  event, not that the portal did: the token stands in the form that every employee's browser posts;
- ONAPPUNINSTALL: that, and the auth server's refusal of the tokens we hold;
- ONAPPPAYMENT: nothing; the auth server is asked whether the portal has paid;
- calls of our own pages: a signed page token in a header, one hour. It names a session that holds the person's own
  token, sealed; the portal is asked about its owner again, once in five minutes.

DOMAIN, LANG and PLACEMENT_OPTIONS prove nothing. The REST root comes from the auth server's answer only. So an event is
a hint: it makes us look at a card. What changes an installation, ends it, or names a person needs a second witness.

A removal (`journeys/removal.py`) is noted in the portal's row, and a chore asks the auth server about each token pair
that worked when it came. One that works refutes it. All refused, and at least one: tokens, sessions and deliveries end
at once. Not to be asked: again by growing waits. None left that worked: it proves nothing, and the rows stay for 30
days unless an administrator opens the app. Rows are erased a day after a removal that asks for it, 90 days after one
that does not; until then a proven open by an administrator, or an installation, calls it off. Whoever stores tokens,
sessions, fields or reports takes the portal's row first (`portals.enter`), and the removal waits for them.

The journal (`store/journal.py`) is written by every room, in the transaction in which somebody changes the settings;
pages find its words by feature and action.

Views of cards (`journeys/card_layout.py`): fields we add show up by themselves unless somebody saved the card's common
view. Then an administrator may add our section, from the settings, with their own token; an installation only looks.
The portal takes a view whole or not at all, so it is read again before it is written, a preview that is no longer true
is refused, and what was there before is stored first. Taking it back restores that where nobody changed the view since;
otherwise only our section goes. Personal views are never touched.
"""

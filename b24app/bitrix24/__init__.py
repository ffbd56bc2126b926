"""The portal as we see it: the only place with Bitrix24's names, and the only importer of fast_bitrix24.

What a portal answers becomes a value of ours in one place (`values.py`, lists in `rows.py`): texts are cut to what a
column takes, ids are numbers a bigint holds, dates that are none are none, and what decides about somebody (a box, a
link) raises where it cannot be understood. Such a row becomes an `Odd` beside its neighbours: it is there, nothing else
is known, and its own journey tries it again and gives it up alone. A list that breaks its promise (an id, the rising
order, the filter, the fields asked for) is an error, never an end or a deletion.

Limits (`pace.py`): one leaky bucket per portal in Redis for all processes, a little smaller than the portal's own, with
a reserve for interactive work. While Redis is away each process goes on alone and takes every request for four; a Redis
that comes back is told what was used meanwhile. A 503 fills the bucket for all. A method's operating time is the
portal's own running figure, kept as a span, since no two clocks agree. Bulk work slows from half of it on and stops at
nine tenths; a 429 met by one process stops all. When the wait is over one request goes first.

Errors are named by what can be done (`errors.py`), and one pure function, `plan`, says when a row is tried again; who
answers `Retry-After` is left alone for that long, an hour at most. Writes are never repeated blindly. No redirect is
followed, and no request lasts longer than 90 seconds, whatever trickles in.

Each request leaves a line in `portal_calls` (method, code, status, milliseconds, lane; no parameters, no bodies),
written in groups every two seconds off the way of the call: a full buffer, or a database that is away, costs lines and
no call."""

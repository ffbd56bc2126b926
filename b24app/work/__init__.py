"""The machine: what waits, who does it, who is woken. It knows no feature.

A row of the work index is a portal, a kind, a key, a lane and a due time; it holds no personal data. A worker claims a
slice of rows by one conditional UPDATE (`SKIP LOCKED`), with a token and for 60 seconds, renewed while it works.
Settling runs where the token is still ours; otherwise it rolls back, and whoever took over repeats it. What arrives
while we work raises the row's `arrivals`: then the row is let go instead of dropped, and is due at once.

Two lanes: interactive before bulk. At least one worker process serves the interactive queue only; a worker busy with
the bulk lane looks for interactive rows between two slices all the same. Bulk slices grow and shrink so that one lasts
two seconds (`domain/work/slices.py`), and what a card's journey leaves for other cards stays in its lane.

Kinds are the parts that features hand in (`plug.WorkPart`), deliveries, and chores. A chore (`plug.Chore`) is a row
whose key is its name, due when it has to be done next: its clock, or whoever asks, sets the time; the claim sees to it
that one worker does it. `workers/chores.py` gives each portal the rows it lacks, once a minute.

Redis carries wake-ups, pace and caches. If it forgets everything, the tick finds due rows again, each second. Of each
portal and lane one wake-up waits at most, however long no worker comes. A wake-up is an RQ job of a name and ids, in
JSON, and workers call the three functions of `wake.py` only: who reaches Redis can have them run nothing else.
"""

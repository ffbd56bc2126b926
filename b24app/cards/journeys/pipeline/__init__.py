"""A changed card on its way: claimed, read once, given to every rule, written in one update, settled.

    claim → read → stale reads, successions → load (all rules, one transaction) → rule by rule: look up, reserve, decide
          → store (all rules, one transaction) → one combined write → settle

`run` is the door; `slices` holds what the steps hand on; `reading`, `succession`, `traces`: what the portal shows and
what became of deleted cards; `deciding`: the rules' part before anything is stored; `writing`, `settling`: the rest.
A crash anywhere is repaired by running again: what was stored is found decided, and a card that shows what we wrote is
no news.

A card's fate is the first that is true: stale (the read is older than our own write: read once more), then of any rule
error (a rule failed: its row of `rule_failures` says when it is
tried again), waits (for another card, or for the portal's answer to a person), held (a value is not to be written yet),
done.
"""

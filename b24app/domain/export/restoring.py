"""How far an uploaded file has come, and what restoring a row of it comes to."""

from __future__ import annotations

from enum import StrEnum


class RestoreState(StrEnum):
    """How far an uploaded file has come."""

    RECEIVING = "receiving"
    CHECKING = "checking"  # is it ours, whole, unchanged, of this portal
    WEIGHING = "weighing"  # what it would change; nothing is changed
    READY = "ready"  # an administrator decides
    APPLYING = "applying"
    DONE = "done"
    REFUSED = "refused"


class RestoreVerdict(StrEnum):
    """What restoring a row comes to."""

    NEW = "new"  # it is not there: added
    CHANGED = "changed"  # it is there and nobody has decided about it: gets its decision back
    RENAMED = "renamed"  # it stands as in the file already and gets its old id back
    SAME = "same"
    KEPT = "kept"  # somebody decided since, or the card says otherwise: stays as it is
    GONE = "gone"  # the card, or the link between the two, is no longer there

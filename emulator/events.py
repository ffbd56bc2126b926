"""Events of a portal on their way to the apps."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class EventBinding:
    """One `event.bind`. `user_id` 0 = the event carries the acting user's tokens."""

    id: int
    event: str
    handler: str
    user_id: int = 0

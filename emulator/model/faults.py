"""Things going wrong on purpose. Set from tests (`world.faults`) or through the control door."""

from dataclasses import dataclass, field
from enum import StrEnum
from random import Random

FOREVER = -1


class Break(StrEnum):
    """What a broken request gets. `AFTER` kinds do the work first and then lose the answer."""

    BUSY = "busy"  # 503 QUERY_LIMIT_EXCEEDED
    OVERLOAD = "overload"  # 503 OVERLOAD_LIMIT
    OPERATING = "operating"  # 429 OPERATION_TIME_LIMIT
    CLOSE = "close"  # connection closed without an answer
    ERROR_500 = "error_500"  # 500 INTERNAL_SERVER_ERROR
    HTML = "html"  # 502 with a page instead of JSON
    CUT = "cut"  # 200 with half of the JSON
    ERROR_200 = "error_200"  # 200 with an error body
    EMPTY_ERROR = "empty_error"  # 400 whose `error` is empty text
    NUMERIC_ERROR = "numeric_error"  # 400 whose `error` is a number
    DELETED = "deleted"  # 403 PORTAL_DELETED
    PLAN = "plan"  # 403 ACCESS_DENIED: REST is not part of the plan
    CONFIRM = "confirm"  # 401 METHOD_CONFIRM_WAITING
    SLOW = "slow"  # answers after `seconds`
    LOST_AFTER = "lost_after"  # done, then the connection closes
    ERROR_AFTER = "error_after"  # done, then 500


@dataclass(slots=True)
class Fault:
    """`times` requests to `host` ("" = any) whose method starts with `method` are broken; FOREVER = until cleared.

    `waiting`: how many slow ones are being kept waiting at the moment.
    """

    kind: Break
    times: int = 1
    host: str = ""
    method: str = ""
    seconds: float = 1.0
    waiting: int = 0

    def hits(self, host: str, method: str) -> bool:
        return self.times != 0 and self.host in ("", host) and method.startswith(self.method)


@dataclass(slots=True)
class EventFaults:
    """`*_next`: the next n events; `*_rate`: share of events, 0..1. `delay` seconds of the world's clock."""

    delay: float = 0.0
    lose_next: int = 0
    lose_rate: float = 0.0
    duplicate_next: int = 0
    duplicate_rate: float = 0.0
    reorder: bool = False


@dataclass(slots=True)
class Faults:
    """All switches of a world. `random` is seeded: a run can be repeated.

    `operating_cost`: seconds of operating time that each call of a method is said to have taken, over the measured.
    """

    requests: list[Fault] = field(default_factory=list)
    events: EventFaults = field(default_factory=EventFaults)
    enforce_limit: bool = False
    operating_cost: dict[str, float] = field(default_factory=dict)
    random: Random = field(default_factory=lambda: Random(24))  # noqa: S311 - chance, not secrecy

    def add(self, kind: Break, times: int = 1, host: str = "", method: str = "", seconds: float = 1.0) -> Fault:
        """Break the next `times` matching requests."""
        fault = Fault(kind, times, host, method, seconds)
        self.requests.append(fault)
        return fault

    def take(self, host: str, method: str) -> Fault | None:
        """The fault for this request, used up by one."""
        fault = next((one for one in self.requests if one.hits(host, method)), None)
        if fault is not None and fault.times > 0:
            fault.times -= 1
        return fault

    def clear(self) -> None:
        """Everything works again."""
        self.requests.clear()
        self.events = EventFaults()
        self.enforce_limit = False
        self.operating_cost.clear()

    def lost(self) -> bool:
        """Whether the next event is lost."""
        if self.events.lose_next > 0:
            self.events.lose_next -= 1
            return True
        return self.random.random() < self.events.lose_rate

    def doubled(self) -> bool:
        """Whether the next event is sent twice."""
        if self.events.duplicate_next > 0:
            self.events.duplicate_next -= 1
            return True
        return self.random.random() < self.events.duplicate_rate

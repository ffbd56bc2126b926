"""What a portal meters: the request bucket per caller's address, operating time per app and method.

Page: limits.md. The bucket is observed, and enforced only when the fault switch says so.
"""

from collections import Counter, deque
from dataclasses import dataclass, field
from datetime import datetime

ENTERPRISE, OTHERS = (250.0, 5.0), (50.0, 2.0)
OPERATING_LIMIT = 480.0
WINDOW = 600.0
BASKET = 60.0


def bucket_of(plan: str) -> tuple[float, float]:
    """Capacity and leak per second of a plan."""
    return ENTERPRISE if plan == "enterprise" else OTHERS


@dataclass(frozen=True, slots=True)
class Answered:
    """A REST request that was answered; no tokens, no bodies."""

    portal: str
    method: str
    status: int
    error: str
    user_id: int
    client_id: str
    address: str
    at: datetime


@dataclass(slots=True)
class Bucket:
    """An ideal leaky bucket. `peak`: the highest level seen; `over`: how many requests found it full."""

    capacity: float
    leak: float
    level: float = 0.0
    at: float = 0.0
    peak: float = 0.0
    over: int = 0

    def admits(self, now: float, enforce: bool) -> bool:
        """Take one request at `now` (seconds). False when the bucket is full and the limit is enforced."""
        self.level = max(0.0, self.level - max(0.0, now - self.at) * self.leak)
        self.at = now
        full = self.level + 1 > self.capacity
        self.over += full
        if full and enforce:
            return False
        self.level += 1
        self.peak = max(self.peak, self.level)
        return True


@dataclass(slots=True)
class Operating:
    """Operating time of one app and method: ten baskets of a minute."""

    baskets: deque[tuple[float, float]] = field(default_factory=deque)

    def add(self, now: float, seconds: float) -> None:
        """Count a finished call."""
        minute = now - now % BASKET
        if self.baskets and self.baskets[-1][0] == minute:
            seconds += self.baskets.pop()[1]
        self.baskets.append((minute, seconds))

    def total(self, now: float) -> float:
        """Seconds in the last ten minutes."""
        while self.baskets and self.baskets[0][0] <= now - WINDOW:
            self.baskets.popleft()
        return sum(seconds for _, seconds in self.baskets)

    def reset_at(self, now: float) -> int:
        """Unix second at which the oldest basket drops out."""
        return int((self.baskets[0][0] if self.baskets else now) + WINDOW)


@dataclass(slots=True)
class Meters:
    """`requests`: HTTP requests by (portal name, method); `commands`: methods performed, inner ones of batches too."""

    requests: Counter[tuple[str, str]] = field(default_factory=Counter)
    commands: Counter[tuple[str, str]] = field(default_factory=Counter)
    buckets: dict[tuple[str, str], Bucket] = field(default_factory=dict)
    operating: dict[tuple[str, str, str], Operating] = field(default_factory=dict)

    def bucket(self, portal: str, plan: str, address: str) -> Bucket:
        """The bucket of a portal and a source address."""
        return self.buckets.setdefault((portal, address), Bucket(*bucket_of(plan)))

    def peak(self, portal: str) -> float:
        """The highest level any address reached at a portal."""
        return max((one.peak for (name, _), one in self.buckets.items() if name == portal), default=0.0)

    def clear(self) -> None:
        """Start counting anew."""
        for meter in (self.requests, self.commands, self.buckets, self.operating):
            meter.clear()

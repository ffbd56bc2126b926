"""Two lanes: what a person waits for goes before what a machine tidies up."""

from enum import IntEnum


class Lane(IntEnum):
    """The smaller number is served first."""

    INTERACTIVE = 0
    BULK = 1

    @property
    def label(self) -> str:
        """For people and metrics."""
        return self.name.lower()

"""What a field is on a page."""

from dataclasses import dataclass, field
from typing import Any

from emulator.face.pages.records import Shown


@dataclass(frozen=True, slots=True)
class Option:
    value: str
    title: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class FieldView:
    """A field on a page. `kind` chooses the control; `shown` is what is read; `value` what the control starts with."""

    name: str
    title: str
    kind: str
    shown: tuple[Shown, ...] = ()
    value: Any = ""
    options: tuple[Option, ...] = ()
    editable: bool = True
    always: bool = False
    multiple: bool = False
    hint: str = ""
    entity: str = ""
    single: bool = False
    rows: tuple[dict[str, Any], ...] = field(default=())
    required: bool = False

    @property
    def empty(self) -> bool:
        return not any(one.text for one in self.shown)

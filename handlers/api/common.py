"""What routes of several rooms share. A body that comes in knows its fields and refuses others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

NO_NUL = r"^[^\x00]*$"
"""No text column takes a NUL; a pattern also refuses halves of surrogate pairs, which are no text at all."""

Limit = Annotated[int, Field(ge=1, le=200)]
Texts = Mapping[str, tuple[str, str]]
"""Code of a refusal → what people are told, in English and in Russian."""


CODES = "x-codes"
"""Of a response of a route: the codes it refuses with, beside those of every route of its kind (`reference`)."""


def refuses(codes: Mapping[int, Sequence[str]]) -> dict[int | str, dict[str, Any]]:
    """`responses=` of a route: its own refusals by status."""
    return {status: {CODES: list(found)} for status, found in codes.items()}


def shown(example: Mapping[str, Any]) -> ConfigDict:
    """The configuration of a model that the documentation shows like this."""
    return ConfigDict(json_schema_extra={"examples": [dict(example)]})


class Routes(APIRouter):
    """Routes of one kind. `tag` and `about`: their heading in the documentation; `problems`: their own refusals."""

    def __init__(self, tag: str, about: str, problems: Texts | None = None) -> None:
        super().__init__(tags=[tag])
        self.tag, self.about, self.problems = tag, about, problems or {}

    __hash__ = object.__hash__  # an API is built once for the same routes


class Input(BaseModel):
    """What comes in."""

    model_config = ConfigDict(extra="forbid")


class Fresh(BaseModel):
    as_of: datetime = Field(description="Everything the portal told us until then is in this answer.")
    stale: bool = Field(description="True while the portal cannot be read, or news from it waits for over a minute.")


class FieldError(BaseModel):
    field: str
    code: str


class Problem(BaseModel):
    """RFC 9457. Rely on `code`; `title` and `detail` are for people, in Russian or English by Accept-Language."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    errors: list[FieldError] = []

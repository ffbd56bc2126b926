"""`app.yaml` → frozen `Manifest`. Every key is required and checked; a wrong one stops the start by its name."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from b24app.domain.portal.portal import Mode

Texts = dict[str, str]


class WrongManifest(Exception):
    """`app.yaml` cannot be used; the text names each wrong key."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class CardField(_Part):
    """A user field of ours in CRM cards; `options` by stable code for an enumeration. `for_people`: it belongs where
    people look, and a saved view of a card that lacks it is said to hide it."""

    field: Annotated[str, Field(pattern=r"^UF_CRM_[A-Z0-9_]{1,43}$")]
    type: Literal["boolean", "enumeration", "string", "integer", "double"]
    cards: tuple[Literal["contact", "company", "deal", "lead"], ...]
    label: Texts
    hint: Texts
    read_only: bool = False
    multiple: bool = False
    for_people: bool = True
    options: dict[str, Texts] = Field(default_factory=dict)


class Placement(_Part):
    """A place in the portal that shows a page of ours."""

    path: Annotated[str, Field(pattern=r"^/(app|placements/[a-z-]+)$")]
    title: Texts


class DeliveryRules(_Part):
    """How webhooks are delivered; seconds unless said otherwise."""

    schedule: tuple[float, ...]
    timeout: float
    connect_timeout: float
    jitter: float
    slow_wait: float
    instant_retry_under: float
    concurrency: int


class Retention(_Part):
    """How long data is kept that nobody needs at the moment."""

    removed_days: Annotated[int, Field(ge=0)]


class Sweep(_Part):
    """When every card of a portal is compared with what we know."""

    from_hour: Annotated[int, Field(ge=0, le=23)]
    hours: Annotated[int, Field(ge=1, le=12)]
    utc_offset: Annotated[int, Field(ge=-12, le=14)]


class Quiet(_Part):
    """Hours in which employees are left alone, over midnight where the first is the later one; equal: none."""

    from_hour: Annotated[int, Field(ge=0, le=23)]
    to_hour: Annotated[int, Field(ge=0, le=23)]


class Manifest(_Part):
    """What the app is to a portal, and the defaults of its rules."""

    code: str
    title: Texts
    languages: tuple[str, ...]
    scopes: tuple[str, ...]
    fields: dict[str, CardField]
    placements: dict[str, Placement]
    events: dict[str, Literal["lifecycle", "contact", "company", "lead", "deal", "requisite"]]
    modes: dict[str, Mode]
    delivery: DeliveryRules
    retention: Retention
    sweep: Sweep
    quiet: Quiet

    @model_validator(mode="after")
    def _speaks_every_language(self) -> Manifest:
        for name, texts in self._texts():
            missing = set(self.languages) - set(texts)
            if missing:
                raise ValueError(f"{name} lacks {', '.join(sorted(missing))}")
        return self

    def _texts(self) -> list[tuple[str, Texts]]:
        found = [("title", self.title)]
        for key, card_field in self.fields.items():
            found += [(f"fields.{key}.label", card_field.label), (f"fields.{key}.hint", card_field.hint)]
            found += [(f"fields.{key}.options.{code}", texts) for code, texts in card_field.options.items()]
        return found + [(f"placements.{code}.title", place.title) for code, place in self.placements.items()]


def read_manifest(path: Path) -> Manifest:
    """Raise `WrongManifest` naming the file and each wrong key."""
    try:
        return Manifest.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (OSError, yaml.YAMLError) as error:
        raise WrongManifest(f"{path}: {error}") from error
    except ValidationError as error:
        lines = [f"{path}: {'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors()]
        raise WrongManifest("\n".join(lines)) from error

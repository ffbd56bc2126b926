"""The sections of an export file: one for each kind of truth that is ours and stands nowhere else.

Rooms hand them in (`plug.ExportSection`): a name, the columns of a row, how a slice is read, and how a slice is put
back or only judged.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from b24app.plug import ExportSection, Feature

Sections = tuple[ExportSection[Any], ...]
"""In the order of a file."""


def sections_of(features: Sequence[Feature]) -> Sections:
    handed_in = [section for feature in features for section in feature.export]
    return tuple(sorted(handed_in, key=lambda section: not section.leads))

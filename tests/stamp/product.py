"""The app with the sample feature: what it is made of, and what it is to a portal."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from b24app.features import product
from b24app.manifest import Manifest
from b24app.settings import ROOT
from tests.stamp import lead_queue
from tests.stamp.feature import FEATURE

HERE = Path(__file__).parent
VERSIONS = (HERE / "versions",)
FEATURES = (FEATURE, lead_queue.FEATURE)
PRODUCT = product(*FEATURES)


def manifest() -> Manifest:
    texts = [path.read_text(encoding="utf-8") for path in (ROOT / "app.yaml", HERE / "app.yaml")]
    app, overlay = map(yaml.safe_load, texts)
    return Manifest.model_validate(_over(app, overlay))


def _over(below: Any, above: Any) -> Any:
    if not (isinstance(below, dict) and isinstance(above, dict)):
        return above
    return below | {key: _over(below[key], value) if key in below else value for key, value in above.items()}

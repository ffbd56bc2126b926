"""Tables and queries are tried with those of the sample feature among them."""

from __future__ import annotations

import pytest

from b24app.manifest import Manifest
from b24app.plug import Product
from tests.stamp import product as stamped


@pytest.fixture(scope="session")
def product() -> Product:
    return stamped.PRODUCT


@pytest.fixture(scope="session")
def manifest() -> Manifest:
    return stamped.manifest()

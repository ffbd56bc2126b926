"""The world with the sample feature."""

from __future__ import annotations

import pytest

from b24app.asgi import Doors
from b24app.manifest import Manifest
from b24app.plug import Product
from tests.stamp import product as stamped
from tests.stamp.doors import DOORS


@pytest.fixture(scope="session")
def product() -> Product:
    return stamped.PRODUCT


@pytest.fixture(scope="session")
def doors() -> Doors:
    return DOORS


@pytest.fixture(scope="session")
def manifest() -> Manifest:
    return stamped.manifest()

"""A charm store for the tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests import charmstore


@pytest.fixture
def store() -> Iterator[charmstore.FakeStore]:
    """A store with one charm, that listens."""
    with charmstore.listening() as fake:
        yield fake

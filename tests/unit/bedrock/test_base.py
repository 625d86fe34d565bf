from __future__ import annotations

import pytest

from bedrock.base import Base


@pytest.mark.parametrize(
    ('text', 'found'),
    [
        ('ubuntu@24.04', Base('ubuntu', '24.04')),
        ('ubuntu@24.04/stable', Base('ubuntu', '24.04')),
        ('ubuntu', None),
        ('ubuntu@', None),
        ('ubuntu@/stable', None),
        ('@24.04', None),
        ('', None),
    ],
)
def test_a_base_is_named_by_system_and_release(text: str, found: Base | None) -> None:
    assert Base.parse(text) == found


def test_a_base_is_written_as_it_is_read() -> None:
    assert str(Base('debian', '12')) == 'debian@12'

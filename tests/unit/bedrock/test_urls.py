"""What messages show of a URL."""

from __future__ import annotations

import pytest

from bedrock import urls


@pytest.mark.parametrize(
    ('url', 'shown'),
    [
        ('https://host/r.git', 'https://host/r.git'),
        ('https://me:hunter2@host:8080/r.git', 'https://me:***@host:8080/r.git'),
        ('https://x:y@z@host/r', 'https://x:***@host/r'),
        ('https://ghp_0123456789@host/r.git', 'https://***@host/r.git'),
        ('git+https://ghp_0123456789@host/r.git', 'git+https://***@host/r.git'),
        ('git+ssh://git@host/r.git', 'git+ssh://git@host/r.git'),
        ('git@host:r.git', 'git@host:r.git'),
        ('/srv/r@1', '/srv/r@1'),
    ],
)
def test_a_url_is_shown_without_what_logs_in(url: str, shown: str) -> None:
    assert urls.shown(url) == shown

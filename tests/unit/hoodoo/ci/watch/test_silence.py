"""Who is told that a repository does not answer, and when."""

from __future__ import annotations

from pathlib import Path

import pytest

from hoodoo.ci.watch import config, silence


class Site:
    """Targets whose addresses are in files, and what was sent."""

    def __init__(self, folder: Path) -> None:
        targets = [
            self._target(folder, 'team', ('error', 'recovery')),
            self._target(folder, 'errors', ('error',)),
            self._target(folder, 'failures', ('failure', 'recovery')),
            self._target(folder, 'others', ('error',), 'web-*'),
        ]
        self.sent: list[tuple[str, str]] = []
        self.said: list[str] = []
        self.broken = set[str]()
        self.bodies = set[str]()
        self.silence = silence.Silence(
            config=config.Config(
                file=folder / 'ci.yaml', concurrency=1, repositories=(), listen=None, targets=tuple(targets)
            ),
            said=self.said.append,
            send=self._send,
        )

    @staticmethod
    def _target(folder: Path, name: str, on: tuple[str, ...], pattern: str = '*') -> config.Target:
        file = folder / name
        file.write_text(f'json://{name}')
        return config.Target(name=name, source=config.Source(file=file), on=on, repositories=(pattern,))

    def _send(self, address: str, title: str, body: str) -> str:
        name = address.removeprefix('json://')
        if name in self.broken:
            return 'refused'
        self.sent.append((name, title))
        self.bodies.add(body)
        return ''


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


def test_a_repository_that_stays_away_is_told_once_and_so_is_its_return(site: Site) -> None:
    for minute in (0, 1, 59, 60, 120):
        site.silence.failed('specs', 'no route', minute * 60.0)
        assert len(site.sent) == (2 if minute >= 60 else 0), minute
    site.silence.answered('specs')
    site.silence.answered('specs')
    assert site.sent == [
        ('team', 'specs: does not answer'),
        ('errors', 'specs: does not answer'),
        ('team', 'specs: answers again'),
    ]
    assert any('for 1 h' in body and 'no route' in body for body in site.bodies)
    # Another outage has an hour of its own.
    site.silence.failed('specs', 'no route', 9_000.0)
    assert len(site.sent) == 3


def test_who_cannot_be_told_is_told_later(site: Site, tmp_path: Path) -> None:
    site.broken.add('team')
    (tmp_path / 'errors').unlink()
    site.silence.failed('specs', 'no route', 0.0)
    site.silence.failed('specs', 'no route', 3_600.0)
    assert site.sent == []
    assert site.said[0] == 'cannot tell team that specs: does not answer: refused'
    assert len(site.said) == 2
    site.broken.clear()
    site.silence.failed('specs', 'no route', 7_200.0)
    assert site.sent == [('team', 'specs: does not answer')]


def test_a_short_one_is_not_told(site: Site) -> None:
    site.silence.failed('specs', 'no route', 0.0)
    site.silence.answered('specs')
    site.silence.failed('specs', 'no route', 3_600.0)
    assert (site.sent, site.said) == ([], [])

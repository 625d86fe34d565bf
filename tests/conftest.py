"""What holds for all tests: examples may take long; what lacks something is skipped locally, never in CI."""

from __future__ import annotations

import os
from collections.abc import Generator
from pathlib import Path
from typing import Any

import hypothesis
import pytest

# How long an example takes says something about the machine, and nothing about the code.
hypothesis.settings.register_profile(
    'any machine', deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile('any machine')

CORPUS = Path(__file__).resolve().parents[2] / 'shared' / 'corpus'
_OF_THE_CALLER = ('MOJO_', 'JUJU_', 'HOODOO_', 'GIT_')
_LONG = (
    *('compat/test_libjuju', 'compat/test_jubilant', 'hoodoo/test_second_plan', 'hoodoo/test_container'),
    *('hoodoo/test_images', 'pocket/daemon/test_daemon', 'client/test_offers', 'store/test_lifecycle'),
    *('substrate/test_users', 'substrate/test_nspawn', 'hoodoo/test_drivers', 'substrate/test_isolation'),
    *('e2e/test_archive_mirror', 'e2e/test_pages', 'e2e/test_storm'),
    *('e2e/test_crash', 'e2e/test_blog_options', 'e2e/test_wordpress'),
    *('e2e/test_nasty_states', 'e2e/test_hoodoo', 'e2e/test_storage'),
)
"""The files that take longest, the longest first."""


@pytest.fixture(scope='session', autouse=True)
def surroundings() -> Generator[None]:
    """What the caller's shell and git configuration say is no matter of any test."""
    with pytest.MonkeyPatch.context() as patched:
        for name in [name for name in os.environ if name.startswith(_OF_THE_CALLER)]:
            patched.delenv(name)
        # Commands would leave refreshes behind that go on after the test.
        patched.setenv('HOODOO_REFRESH', '0')
        patched.setenv('GIT_CONFIG_GLOBAL', os.devnull)
        patched.setenv('GIT_CONFIG_NOSYSTEM', '1')
        yield


@pytest.fixture(scope='session', autouse=True)
def host() -> Generator[None]:
    """Tests are root's: one that takes /dev/null for a file of its own would break every later program."""
    before = os.stat(os.devnull)
    yield
    after = os.stat(os.devnull)
    assert (after.st_mode, after.st_rdev) == (before.st_mode, before.st_rdev), 'a test changed /dev/null'


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say so where the specs of other people, which are no part of the project, are not there to be read."""
    reports: list[Any] = terminalreporter.getreports('passed')
    if not CORPUS.is_dir() and any('corpus' in report.nodeid for report in reports):
        terminalreporter.write_line(f'there is no corpus of specs at {CORPUS}: none of it was read')


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest, so that no worker is left alone with it at the end."""
    items.sort(key=_turn)


def _turn(item: pytest.Item) -> int:
    name = item.path.with_suffix('').as_posix()
    return next((at for at, end in enumerate(_LONG) if name.endswith(end)), len(_LONG))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.skipped and os.environ.get('CI'):
        why: Any = report.longrepr
        report.outcome = 'failed'
        report.longrepr = f'skipped where CI runs: {why[2] if isinstance(why, tuple) else why}'
    return report

"""What holds for all tests: examples may take long; what lacks something is skipped locally, never in CI."""

from __future__ import annotations

import os
from collections.abc import Generator
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from xdist.remote import Producer  # pyright: ignore[reportMissingTypeStubs]
from xdist.scheduler import LoadFileScheduling  # pyright: ignore[reportMissingTypeStubs]

# How long an example takes says something about the machine, and nothing about the code.
hypothesis.settings.register_profile(
    'any machine', deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile('any machine')

CORPUS = Path(__file__).resolve().parents[2] / 'shared' / 'corpus'
_OF_THE_CALLER = ('MOJO_', 'JUJU_', 'HOODOO_', 'GIT_')
_BLOG = ('test_blog_at_once', 'test_blog_browser', 'test_blog_removed')
"""The files whose tests have one blog, in the order in which they use it up."""
_LONG = (
    *('compat/test_libjuju', 'compat/test_jubilant', 'hoodoo/test_second_plan', 'hoodoo/test_container'),
    *('hoodoo/test_images', 'pocket/daemon/test_daemon', 'client/test_offers', 'store/test_lifecycle'),
    *('substrate/test_users', 'substrate/test_nspawn', 'hoodoo/test_drivers', 'substrate/test_isolation'),
    *('e2e/test_archive_mirror', 'e2e/test_pages', *(f'e2e/{name}' for name in _BLOG)),
    *('e2e/test_storm', 'e2e/test_crash', 'e2e/test_blog_options', 'e2e/test_wordpress'),
    *('e2e/test_nasty_states', 'e2e/test_hoodoo', 'e2e/test_storage'),
)
"""The files that take longest, the longest first."""


@pytest.fixture(scope='session', autouse=True)
def surroundings() -> Generator[None]:
    """What the caller's shell and git configuration say is no matter of any test."""
    with pytest.MonkeyPatch.context() as patched:
        for name in [name for name in os.environ if name.startswith(_OF_THE_CALLER)]:
            patched.delenv(name)
        patched.setenv('GIT_CONFIG_GLOBAL', os.devnull)
        patched.setenv('GIT_CONFIG_NOSYSTEM', '1')
        yield


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say so where the specs of other people, which are no part of the project, are not there to be read."""
    reports: list[Any] = terminalreporter.getreports('passed')
    if not CORPUS.is_dir() and any('corpus' in report.nodeid for report in reports):
        terminalreporter.write_line(f'there is no corpus of specs at {CORPUS}: none of it was read')


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadFileScheduling | None:
    """Give each worker a whole file, whose tests share what it has set up."""
    return _ByBlog(config, log) if config.getoption('dist') == 'loadfile' else None


class _ByBlog(LoadFileScheduling):
    """The files that share a blog count as one."""

    def _split_scope(self, nodeid: str) -> str:
        file = super()._split_scope(nodeid)
        return 'blog' if Path(file).stem in _BLOG else file


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

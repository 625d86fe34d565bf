"""What holds for all tests: examples may take long; what lacks something is skipped, but never in CI."""

from __future__ import annotations

import os
from collections.abc import Generator
from typing import Any

import hypothesis
import pytest

# How long an example takes says something about the machine, and nothing about the code.
hypothesis.settings.register_profile(
    'any machine', deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile('any machine')


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.skipped and os.environ.get('CI'):
        why: Any = report.longrepr
        report.outcome = 'failed'
        report.longrepr = f'skipped where CI runs: {why[2] if isinstance(why, tuple) else why}'
    return report

"""The long forms of the trials: tests 7 to 11, 17, 23, 33 and 34, on pods that reach no other host.

TRIALS bounds the time of the kills in seconds (default 600), TRIALS_SEED repeats one series of them.
"""

from __future__ import annotations

import os
import random
import sys
import time
from collections.abc import Generator

import pytest

from tests import trialblogs, trials


@pytest.fixture(scope='module')
def trial(tmp_path_factory: pytest.TempPathFactory) -> Generator[trialblogs.Blog]:
    """Three units of one blog, started at once; no packet of theirs reaches another host."""
    with trialblogs.pocket(tmp_path_factory.mktemp('trial')) as started:
        started.add_model()
        started.deploy_database()
        started.deploy(
            units=3, blog_hostname=trialblogs.HOST, tls_secret_name='blog-tls', allow_local_uploads='true'
        )
        started.wait()
        yield started


@pytest.fixture
def empty(tmp_path_factory: pytest.TempPathFactory) -> Generator[trialblogs.Blog]:
    """A model with the database alone."""
    with trialblogs.pocket(tmp_path_factory.mktemp('empty')) as started:
        started.add_model()
        started.deploy_database()
        started.wait()
        yield started


def test_8_three_units_install_at_the_same_moment_50_times(trial: trialblogs.Blog) -> None:
    """Bound: one installation, one administrator, three starter posts, 0 errors, each time."""
    assert trial.counts() == trials.STARTED
    slowest = max(trials.install_race(trial, f'race{number}') for number in range(50))
    sys.stdout.write(f'8: 50 rounds, the slowest helper took {slowest:.1f} s\n')


def test_9_and_34_a_blog_that_reaches_nothing_is_quick(trial: trialblogs.Blog) -> None:
    """Bounds: installation 2 s, dashboard 1 s at the 95th percentile."""
    found = trials.without_network(trial, rounds=40)
    sys.stdout.write(f'9: installed in {found.install:.2f} s, dashboard in {found.dashboard:.2f} s\n')
    assert found.install <= 2
    assert found.dashboard <= 1


def test_10_a_frozen_database_restarts_nothing(trial: trialblogs.Blog) -> None:
    """Bounds of 60 s of it: no restart, not ready after at most 15 s, ready at most 10 s after its end."""
    found = trials.freeze_database(trial, 60)
    sys.stdout.write(f'10: down after {found.down:.1f} s, up after {found.up:.1f} s\n')
    assert found.restarts == 0
    assert found.down <= 15
    assert found.up <= 10


def test_17_rotated_keys_end_all_sessions_on_all_units(trial: trialblogs.Blog) -> None:
    """Bound: 10 s, no failed request."""
    took, answered = trials.rotate_keys(trial)
    sys.stdout.write(f'17: all sessions ended after {took:.1f} s, {answered} requests were answered\n')
    assert took <= 10


def test_11_killed_at_random_moments_of_the_first_minute(empty: trialblogs.Blog) -> None:
    """Bound: 200 kills; each time it ends initialised, with the first password, and nothing is doubled."""
    seed = int(os.environ.get('TRIALS_SEED') or random.randrange(10**6))
    limit_s = float(os.environ.get('TRIALS') or 600)
    dice, began, kills, lives = random.Random(seed), time.monotonic(), 0, 0
    sys.stdout.write(f'11: TRIALS_SEED={seed}\n')
    while kills < 200 and time.monotonic() - began < limit_s:
        killed, took = trials.killed_life(empty, lives, dice)
        kills, lives = kills + len(killed), lives + 1
        sys.stdout.write(f'11: ready after {took:.1f} s; {", ".join(killed)}\n')
        sys.stdout.flush()
    sys.stdout.write(f'11: {kills} kills in {lives} lives, each came out whole\n')
    assert kills

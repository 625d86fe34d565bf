"""Tests 8, 9, 11, 17, 23 and 34 of the acceptance tests, on three units that no packet leaves.

They come before the files that take the blog apart.
"""

from __future__ import annotations

import os
import select
import sys
import threading
import time

import pytest

from tests.blog import kills, trials
from tests.blog.model import INITIALISED, Blog

pytestmark = [pytest.mark.e2e, pytest.mark.alone]

ROUNDS = 10


def test_8_three_units_started_at_once_made_one_site(blog: Blog) -> None:
    """Bound: exactly one installation, one administrator, three starter posts, no error."""
    counts = blog.counts()
    assert counts == trials.STARTED
    log = blog.log('INFO').splitlines()
    assert sum(line.endswith(INITIALISED) for line in log) == 1
    assert not [line for line in log if ' ERROR ' in line]
    assert len(blog.application('wordpress')['units']) == 3


def test_8_three_units_install_at_the_same_moment(blog: Blog) -> None:
    """The lock of the helper itself, on an empty database each time; the charm lets only the leader ask."""
    began = time.monotonic()
    slowest = max(trials.install_race(blog, f'race{number}') for number in range(ROUNDS))
    took = time.monotonic() - began
    sys.stdout.write(
        f'8: {ROUNDS} rounds in {took:.1f} s, the slowest of three helpers took {slowest:.1f} s\n'
    )


def test_9_and_34_a_blog_that_reaches_nothing_is_quick(blog: Blog) -> None:
    """Bounds: installation 2 s, dashboard 1 s at the 95th percentile. Twice that here: others may compute."""
    found = trials.without_network(blog, rounds=10)
    sys.stdout.write(f'9: installed in {found.install:.2f} s, dashboard in {found.dashboard:.2f} s\n')
    assert found.install <= 4
    assert found.dashboard <= 2


def test_17_rotated_keys_end_all_sessions_on_all_units(blog: Blog) -> None:
    """Bound: 10 s, no failed request."""
    took, answered = trials.rotate_keys(blog, trials.logged_in_everywhere(blog), [blog.visitor()])
    sys.stdout.write(f'17: all sessions ended after {took:.1f} s, {answered} requests were answered\n')
    assert took <= 10


def test_23_lies_and_probes_from_outside_come_to_nothing(blog: Blog) -> None:
    """Bound: no forged name is ever said back, all 16 paths are denied, by the proxy in front."""
    sys.stdout.write(f'23: {trials.lies(blog)} requests\n')


def test_11_a_killed_apache_leaves_no_worker_to_the_next_one(blog: Blog) -> None:
    """They would go on serving, and no other Apache could have the port."""
    unit = 'wordpress/1'
    before = blog.processes(unit, 'wordpress', 'apache2')
    going, ended = {os.pidfd_open(number): number for number in before}, select.poll()
    for one in going:
        ended.register(one, select.POLLIN)
    assert kills.kill(blog, unit, kills.APACHE)
    limit = time.monotonic() + 30
    while going:
        assert time.monotonic() < limit, going
        for one, _ in ended.poll(1000):
            ended.unregister(one)
            os.close(one)
            del going[one]
    while not _is_ready(blog, unit):
        assert time.monotonic() < limit
        threading.Event().wait(0.05)
    blog.wait()


def _is_ready(blog: Blog, unit: str) -> bool:
    try:
        return blog.neighbour(unit).ask('GET', '/-/ready', Host='blog.example.com').status == 200
    except OSError:
        return False

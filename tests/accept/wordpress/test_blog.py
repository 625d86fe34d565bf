"""What an operator sees of the blog: tests 1, 12 and 13 of those that it is accepted by."""

from __future__ import annotations

import json
import time

import pytest

from tests.accept.wordpress.conftest import MODEL, Blog

INITIALISED = 'Wordpress configured and initialised'


def test_1_the_log_says_word_for_word_that_the_blog_is_initialised(blog: Blog) -> None:
    assert sum(line.endswith(INITIALISED) for line in blog.log().splitlines()) == 1
    assert blog.seconds <= 120


def test_1_the_first_password_is_told_and_valid(blog: Blog) -> None:
    told = blog.action('wordpress/leader', 'get-initial-password')
    assert (told['user'], told['valid']) == ('admin', 'true')


def test_1_running_the_spec_again_changes_nothing(blog: Blog) -> None:
    blog.hoodoo('run', 'specs/wordpress', '--stage', 'ci')
    latest = json.loads(blog.hoodoo('runs', '--format', 'json'))[0]
    assert (latest['outcome'], latest['changes']) == ('done', 0)


def test_12_and_13_the_site_survives_a_relation_that_goes_and_comes_back(blog: Blog) -> None:
    before = blog.action('wordpress/leader', 'get-initial-password')
    blog.juju('remove-relation', '--model', MODEL, 'wordpress:database', 'mariadb:database')
    _until(blog, 'blocked', 'waiting')
    began = time.monotonic()
    blog.juju('integrate', '--model', MODEL, 'wordpress:database', 'mariadb:database')
    _until(blog, 'active')
    assert time.monotonic() - began <= 10
    assert blog.action('wordpress/leader', 'get-initial-password') == before


def _until(blog: Blog, *states: str) -> None:
    for state in states:
        # `hoodoo wait` follows the model's own events.
        if blog.application('wordpress')['application-status']['current'] == state:
            return
    wanted = [f'--additional-ready-states={",".join(states)}'] if states != ('active',) else []
    blog.hoodoo('wait', '--model', MODEL, *wanted)
    now = blog.application('wordpress')['application-status']['current']
    if now not in states:
        pytest.fail(f'wordpress is {now} and not {" or ".join(states)}')

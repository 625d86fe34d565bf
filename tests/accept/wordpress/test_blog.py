"""What an operator sees of the blog: tests 1, 12 and 13 of those that it is accepted by."""

from __future__ import annotations

import time

from tests.accept.wordpress.conftest import Deployed
from tests.blog import spec
from tests.blog.model import DATABASE, INITIALISED, Blog


def test_1_the_log_says_word_for_word_that_the_blog_is_initialised(deployed: Deployed) -> None:
    assert sum(line.endswith(INITIALISED) for line in deployed.blog.log().splitlines()) == 1
    assert deployed.run.seconds <= 120


def test_1_the_first_password_is_told_and_valid(blog: Blog) -> None:
    told = blog.action('wordpress/leader', 'get-initial-password')
    assert (told['user'], told['valid']) == ('admin', 'true')


def test_1_running_the_spec_again_changes_nothing(blog: Blog) -> None:
    spec.run(blog)
    latest = spec.last_run(blog)
    assert (latest['outcome'], latest['changes']) == ('done', 0)


def test_12_and_13_the_site_survives_a_relation_that_goes_and_comes_back(blog: Blog) -> None:
    before = blog.action('wordpress/leader', 'get-initial-password')
    blog.juju('remove-relation', *DATABASE)
    blog.wait('blocked', 'waiting')
    assert blog.said()[0] in ('blocked', 'waiting')
    began = time.monotonic()
    blog.juju('integrate', *DATABASE)
    blog.wait()
    assert time.monotonic() - began <= 10
    assert blog.action('wordpress/leader', 'get-initial-password') == before

"""The blog on a fresh home, initialised, proved by a visitor; then what its operator sees and does next."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from bedrock import process
from tests.blog import spec
from tests.blog.model import DATABASE, Blog
from tests.e2e.conftest import TOP, Site

pytestmark = [pytest.mark.e2e, pytest.mark.nspawn]


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployed:
    """The blog, and the run that deployed it."""

    blog: Blog
    run: spec.Ran


@pytest.fixture(scope='module')
def tell(pytestconfig: pytest.Config) -> Callable[[str], None]:
    """Write figures where whoever runs the tests sees them."""
    terminal = pytestconfig.pluginmanager.get_plugin('terminalreporter')
    return terminal.write_line if terminal is not None else lambda _: None


@pytest.fixture(scope='module')
def deployed(site: Site, tell: Callable[[str], None]) -> Deployed:
    began = time.monotonic()
    process.run([TOP / 'tools' / 'build-images'], env=site.env, timeout_s=600, cwd=TOP)
    tell(f'images: {time.monotonic() - began:.1f} s')
    site.pocket('up')
    blog = Blog(env=site.env, folder=site.folder, model=spec.MODEL)
    return Deployed(blog=blog, run=spec.run(blog))


def test_1_one_command_deploys_an_initialised_blog(deployed: Deployed, tell: Callable[[str], None]) -> None:
    assert 'verify: verified: https://blog.example.com' in deployed.run.output
    (initialised,) = deployed.blog.initialised_at()
    took = initialised - deployed.run.deploying_at
    tell(f'deploy -> initialised: {took:.1f} s; the whole run: {deployed.run.seconds:.1f} s')
    assert took <= 120


def test_2_the_first_password_is_told_to_operators_only_and_valid(deployed: Deployed) -> None:
    told = deployed.blog.action('wordpress/leader', 'get-initial-password')
    assert (told['user'], told['valid']) == ('admin', 'true')
    assert told['password'] not in deployed.run.output
    assert not any(told['password'] in text for _, text in deployed.blog.logged())


def test_3_a_second_run_changes_nothing_and_the_blog_stays_initialised_once(deployed: Deployed) -> None:
    again = spec.run(deployed.blog)
    assert 'bundle: done in' in again.output
    assert '(no change)' in again.output
    assert 'the post of before is still there' in again.output
    assert spec.last_run(deployed.blog)['changes'] == 0
    assert len(deployed.blog.initialised_at()) == 1


def test_12_and_13_the_site_outlives_the_relation_to_its_database(
    deployed: Deployed, tell: Callable[[str], None]
) -> None:
    blog = deployed.blog
    before = blog.action('wordpress/leader', 'get-initial-password')
    blog.juju('remove-relation', *DATABASE)
    blog.wait('blocked', 'waiting')
    assert blog.said()[0] in ('blocked', 'waiting')
    began = time.monotonic()
    blog.juju('integrate', *DATABASE)
    blog.wait()
    assert blog.said()[0] == 'active'
    tell(f'related again -> active: {time.monotonic() - began:.1f} s')
    assert blog.action('wordpress/leader', 'get-initial-password') == before
    assert 'the post of before is still there' in spec.run(blog).output
    assert spec.last_run(blog)['changes'] == 0

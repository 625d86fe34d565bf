"""Test 25 of those that the blog is accepted by: new versions under load, after a rehearsal on a copy."""

from __future__ import annotations

import time
from collections.abc import Generator

import pytest

from tests.blog import homes, load, parts, trials
from tests.blog.model import Blog
from tests.blog.parts import measured
from tests.blog.visitors import asking, p95

POSTS = 10_000
EVERY_S = 0.2
"""Five requests a second."""


@pytest.fixture(scope='module')
def old(tmp_path_factory: pytest.TempPathFactory) -> Generator[Blog]:
    """Two units of the oldest version, behind the ingress, with many posts."""
    for channel in ('oldstable', 'latest'):
        parts.image('wordpress', channel)
    with homes.pocket(tmp_path_factory.mktemp('refresh')) as started:
        started.add_model()
        started.deploy_database()
        started.deploy(trials.THREE, units=2, channel='oldstable')
        started.wait(timeout_s=240)
        load.write_posts(started, POSTS)
        yield started


@pytest.mark.parametrize(('channel', 'version'), [('', '6.8.'), ('latest', '7.1.')])
def test_25_a_refresh_under_load_drops_no_read(old: Blog, channel: str, version: str) -> None:
    """Bounds: 0 failed reads, the schema's step 30 s, and the dashboard asks for nothing."""
    before = old.application()['version']
    pages = [f'/?p={number}' for number in (1, *range(100, POSTS, 997))]
    visitor, turn = old.visitor(), iter(range(10**9))
    began = time.monotonic()
    with asking(lambda: visitor.ask('GET', ('/', *pages)[next(turn) % 12]), every_s=EVERY_S) as answers:
        image = f'wordpress-image=oci:{parts.image("wordpress", channel)}'
        old.juju('refresh', 'wordpress', '--path', str(parts.packed('wordpress-k8s')), '--resource', image)
        old.wait(timeout_s=300)
        took = time.monotonic() - began
    after = old.application()['version']
    # A post by its number leads to its name.
    failed = [answer for answer in answers if answer.status not in (200, 301)]
    measured(
        f'25: {before} -> {after} in {took:.1f} s; {len(answers)} reads, {len(failed)} failed, '
        f'p95 {p95([answer.seconds for answer in answers]):.2f} s'
    )
    assert after.startswith(version)
    assert not failed, failed[0]
    site = old.neighbour().ask('GET', '/-/ready')
    assert '"upgrade_needed":false' in site.text.replace(' ', '')
    author = old.visitor().log_in(*trials.administrator(old))
    dashboard = author.ask('GET', '/wp-admin/')
    assert dashboard.status == 200
    assert 'upgrade.php' not in dashboard.text
    assert old.counts()['all posts'] == POSTS + trials.STARTED['all posts']
    steps = {name: seconds for unit, name, seconds in old.hooks() if unit == 'wordpress-0'}
    measured(f'25: longest hook {max(steps.values()):.1f} s')
    assert max(steps.values()) <= 30


def test_25_an_upgrade_is_rehearsed_on_a_copy(old: Blog) -> None:
    """The action: a copy of all posts is upgraded; the site's own tables, and its databases, stay."""
    old.sql("UPDATE wordpress.wp_options SET option_value = '53496' WHERE option_name = 'db_version'")
    before = load.tables(old)
    databases = old.sql('SHOW DATABASES')
    found = old.action('wordpress/leader', 'rehearse-upgrade')
    measured(f'rehearse-upgrade: {found}')
    assert (found['upgrade-needed'], found['copied-to']) == ('true', 'prefix')
    assert int(found['copied-rows']) > 4 * POSTS
    after = load.tables(old)
    assert {name for name in after if after[name] != before.get(name)} <= {'wp_options', 'wp_usermeta'}
    assert after.keys() == before.keys()
    assert old.sql('SHOW DATABASES') == databases

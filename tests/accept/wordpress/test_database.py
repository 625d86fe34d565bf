"""Databases that come late, hold a site already, go, come back, and move: tests 3, 12 and 13."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Generator

import pytest

from tests.blog import homes, trials
from tests.blog.model import DATABASE, Blog
from tests.blog.parts import measured
from tests.blog.visitors import HOST, seconds_until

UNIT = 'wordpress/0'
LATE_S = 90
PEBBLE = '/charm/bin/pebble'
GIVEN = {'blog_hostname': HOST, 'db_host': 'mariadb', 'db_name': 'late', 'db_user': 'wp', 'db_password': 'wp'}


@pytest.fixture(scope='module')
def plot(tmp_path_factory: pytest.TempPathFactory) -> Generator[Blog]:
    with homes.pocket(tmp_path_factory.mktemp('db')) as made:
        made.add_model()
        yield made


def test_3_a_database_that_comes_90_s_late(plot: Blog) -> None:
    """Bounds: no hook over 5 s; initialised 5 s after it answers; the status says why meanwhile."""
    plot.deploy(GIVEN, is_related=False)
    plot.wait_unit(UNIT, 'waiting', seconds=120)
    threading.Event().wait(LATE_S)
    assert plot.said(UNIT)[0] == 'waiting'
    assert 'mariadb:3306' in plot.said(UNIT)[1]
    plot.deploy_database()
    plot.wait_unit('mariadb/0', 'active', seconds=120)
    assert plot.initialised_at() == []
    plot.sql("CREATE DATABASE late; CREATE USER wp IDENTIFIED BY 'wp'; GRANT ALL ON late.* TO wp")
    answered = time.time()
    plot.wait_unit(UNIT, 'active')
    (initialised,) = plot.initialised_at()
    longest = max(seconds for _, _, seconds in plot.hooks())
    measured(f'3: initialised {initialised - answered:.1f} s after it answered; longest hook {longest:.1f} s')
    assert initialised - answered <= 5
    assert longest <= 5


def test_12_a_database_that_holds_a_site(plot: Blog) -> None:
    """Bounds: the site is kept; active; the action says so, and another one makes a password."""
    plot.sql("UPDATE late.wp_posts SET post_title = 'Kept' WHERE ID = 1")
    before = plot.counts('late')
    plot.deploy(GIVEN, name='again', is_related=False)
    plot.wait_unit('again/0', 'active')
    assert plot.counts('late') == before
    assert 'Kept' in plot.caller('again/0').ask('GET', '/').text
    refused = plot.pocket('juju', 'run', 'again/0', 'get-initial-password', check=False)
    told = refused.stdout + refused.stderr
    assert 'already installed' in told
    assert 'reset-admin-password' in told
    password = plot.action('again/0', 'reset-admin-password', 'user=admin')['password']
    # The keys of a site are its application's, so whoever logged in at one is a stranger to the other.
    assert plot.caller('again/0').log_in('admin', password).is_logged_in()
    plot.juju('remove-application', '--no-prompt', 'again')


def test_13_the_database_goes_comes_back_changes_and_moves(plot: Blog) -> None:
    """Bounds: each within 10 s; Apache is never started again, and no hook leads to another one for ever."""
    started, before = _apache(plot), plot.counts('late')
    took = {
        'by a relation': _until(plot, 'there is a database relation', 'integrate', *DATABASE),
        'gone': _until(plot, 'no TLS', 'remove-relation', *DATABASE),
        'back': _until(plot, 'there is a database relation', 'integrate', *DATABASE),
    }
    assert plot.counts('late') == before
    times = len(plot.initialised_at())
    began = time.monotonic()
    plot.juju('config', 'wordpress', 'db_name=fresh')
    seconds_until(lambda: len(plot.initialised_at()) > times, 60)
    took['another database'] = time.monotonic() - began
    plot.wait_unit(UNIT, 'active')
    assert plot.counts('fresh') == trials.STARTED
    relation = plot.juju('exec', '--unit', 'mariadb/0', '--', 'relation-ids database').split()[0]
    place = f'{plot.unit("mariadb/0")["address"]}:3306'
    began = time.monotonic()
    plot.juju('exec', '--unit', 'mariadb/0', '--', f'relation-set -r {relation} --app endpoints={place}')
    seconds_until(lambda: _host(plot) == place.partition(':')[0], 60)
    plot.wait_unit(UNIT, 'active')
    took['another endpoint'] = time.monotonic() - began
    measured('13: ' + ', '.join(f'{name} {seconds:.1f} s' for name, seconds in took.items()))
    assert _host(plot) == place.partition(':')[0]
    assert plot.counts('fresh') == trials.STARTED
    assert plot.caller().ask('GET', '/').status == 200
    assert _apache(plot) == started
    quiet = len(plot.hooks())
    threading.Event().wait(5)
    assert len(plot.hooks()) == quiet
    assert max(took.values()) <= 10


def _host(plot: Blog) -> str:
    return json.loads(plot.inside(UNIT, 'wordpress', 'cat', '/run/wordpress/site.json'))['database']['host']


def _apache(plot: Blog) -> str:
    return plot.ssh(UNIT, PEBBLE, 'services', '--abs-time', 'apache', container='wordpress')


def _until(plot: Blog, end: str, *command: str) -> float:
    began = time.monotonic()
    plot.juju(*command)
    plot.wait_message(UNIT, f'endsWith(M, "{end}")')
    plot.wait_unit(UNIT, 'active')
    return time.monotonic() - began

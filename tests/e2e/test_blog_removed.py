"""Test 33 of the acceptance tests: what is removed leaves nothing behind, and the database its data.

The last of the files with the blog, which is gone afterwards.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tests.blog import trials
from tests.blog.model import Blog
from tests.blog.visitors import seconds_until
from tests.e2e import hoststate

pytestmark = pytest.mark.e2e


def test_33_removal_leaves_nothing_but_the_data(blog: Blog) -> None:
    """Relation, application and model go in turn; the database keeps its data until its own end."""
    home = Path(blog.env['POCKET_HOME'])
    blog.juju('remove-relation', 'wordpress:database', 'mariadb:database')
    blog.wait('blocked', 'waiting')
    assert blog.said()[0] == 'blocked'
    assert blog.counts()['users'] == 1
    accounts = {row[0] for row in blog.sql('SELECT user FROM mysql.user')}
    assert not [name for name in accounts if name.startswith('relation')]

    volumes = set(os.listdir(home / 'storage'))
    blog.juju('remove-application', '--no-prompt', '--destroy-storage', 'wordpress')
    gone = seconds_until(lambda: 'wordpress' not in blog.status()['applications'], 60)
    sys.stdout.write(f'33: the application was gone after {gone:.1f} s\n')
    blog.wait()
    assert blog.counts()['users'] == 1
    assert set(os.listdir(home / 'storage')) <= volumes
    assert blog.juju('secrets', '--format', 'json').count('wordpress') == 0
    assert trials.ingresses(blog) == []
    seconds_until(lambda: len(os.listdir(home / 'm')) == 1, 60)

    blog.juju('destroy-model', '--no-prompt', '--destroy-storage', blog.model)
    assert hoststate.difference(blog.before, hoststate.of(blog.env)) == {}
    for folder in ('m', 'storage', 'front', 'kube'):
        assert not (home / folder).is_dir() or os.listdir(home / folder) == [], folder

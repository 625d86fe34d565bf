"""Test 26 of those that the blog is accepted by: all is lost, and a backup brings it back."""

from __future__ import annotations

import time
from collections.abc import Generator
from pathlib import Path

import pytest

from tests.blog import homes, load, trials
from tests.blog.model import Blog
from tests.blog.parts import measured
from tests.blog.visitors import HOST

POSTS = 10_000
FILES, SIZE = 512, 2 << 20
"""One gigabyte."""


@pytest.fixture
def full(tmp_path_factory: pytest.TempPathFactory) -> Generator[Blog]:
    with homes.pocket(tmp_path_factory.mktemp('backup')) as started:
        started.add_model()
        _deploy(started)
        load.write_posts(started, POSTS)
        load.upload(started, files=FILES, size=SIZE)
        yield started


def _deploy(blog: Blog) -> None:
    blog.deploy_database()
    blog.deploy({'blog_hostname': HOST, 'tls_secret_name': 'blog-tls'})
    blog.wait(timeout_s=240)


def test_26_what_was_destroyed_comes_back_from_a_backup(full: Blog, tmp_path: Path) -> None:
    """Bounds: the same posts, users, comments and uploads after at most 5 minutes."""
    unit, login = 'wordpress/0', trials.administrator(full)
    tables, uploads = load.tables(full), load.uploaded(full)
    steps: dict[str, float] = {}

    began = time.monotonic()
    made = full.action(unit, 'backup')
    archive = f'{made["where"].partition(" ")[0]}/{made["backup-id"]}.tar'
    steps['backup'] = time.monotonic() - began
    # It holds keys and hashes of passwords.
    assert full.ssh(unit, 'stat', '--format=%a', archive, container='wordpress').strip() == '600'
    full.juju('scp', '--container', 'wordpress', f'{unit}:{archive}', str(tmp_path / 'kept'))
    steps['fetched'] = time.monotonic() - began
    full.juju('destroy-model', '--no-prompt', '--destroy-storage', full.model)
    steps['destroyed'] = time.monotonic() - began
    full.add_model()
    _deploy(full)
    steps['deployed anew'] = time.monotonic() - began
    full.juju('scp', '--container', 'wordpress', str(tmp_path / 'kept'), f'{unit}:{archive}')
    full.ssh(unit, 'chown', 'www-data:www-data', archive, container='wordpress')
    steps['brought back'] = time.monotonic() - began
    full.action(unit, 'restore', f'backup-id={made["backup-id"]}')
    full.wait()
    steps['restored'] = time.monotonic() - began

    each = ', '.join(f'{name} {seconds:.0f} s' for name, seconds in steps.items())
    measured(f'26: {int(made["bytes"]) / 1e6:.0f} MB, {made["rows"]} rows; {each}')
    assert load.uploaded(full) == uploads
    again = load.tables(full)
    # Options and sessions go on living.
    alive = ('wp_options', 'wp_usermeta')
    assert {name: found for name, found in again.items() if name not in alive} == {
        name: found for name, found in tables.items() if name not in alive
    }
    assert full.visitor().log_in(*login).is_logged_in()
    assert 'Of 777: ' in full.visitor().ask('GET', '/2020/02/02/post-777/').text
    assert steps['restored'] <= 300

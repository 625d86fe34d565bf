"""Real repositories are watched; an attempt is a stand-in, so that it ends when the test says so."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import socket
import subprocess
import time

from bedrock import alive
from tests.integration.hoodoo.watching.conftest import Site, site_begun

TWO = """
poll: 1
concurrency: 1
repositories:
  - {url: repo, branches: [main, 'release/*'], specs: [{path: a, also: [shared]}, {path: b}]}
  - {url: gone, specs: [{path: a}]}
"""
KILLS = int(os.environ.get('WATCH_KILLS', '4'))
ONE = 'poll: 300\nrepositories: [{url: repo, specs: [{path: a}]}]\n'


def test_what_is_new_and_touches_a_spec_is_tried_once_and_newest_first(site: Site) -> None:
    repo = site.repository()
    first = repo.commit(a__manifest='1', b__manifest='1')
    config = site.config(TWO)
    done = site.once(config)
    assert done.returncode == 3, done
    assert 'gone: ' in done.stdout
    assert [(row.spec, row.commit_id, row.verdict) for row in site.rows()] == [
        ('b', first, 'passed'),
        ('a', first, 'passed'),
    ]
    assert site.once(config).returncode == 3
    assert len(site.lines('begun')) == 2, 'nothing is new'

    repo.commit(readme='no spec')
    repo.commit(b__manifest='2')
    head = repo.commit(shared__file='2')
    repo.git('branch', 'release/1', first)
    repo.git('branch', 'other', head)
    assert site.once(config).returncode == 3
    # Of one push its head; the new branch is at a commit that was tried; nobody watches the other one.
    assert site.lines('begun')[2:] == [head, head]
    assert sorted(row.spec for row in site.rows()[:2]) == ['a', 'b']

    repo.git('reset', '--quiet', '--hard', first)
    forced = repo.commit(a__manifest='3')
    site.let(forced, 'failed')
    assert site.once(config).returncode == 1
    assert site.lines('begun')[4:] == [forced, forced], 'both changed with the branch'


def test_each_commit_of_a_push_where_that_is_asked_for(site: Site) -> None:
    repo = site.repository()
    repo.commit(a__manifest='1')
    config = site.config(ONE.replace('url: repo', 'url: repo, every: true'))
    assert site.once(config).returncode == 0
    commits = [repo.commit(a__manifest=text) for text in '23']
    repo.commit(other='no spec')
    commits.append(repo.commit(a__manifest='4'))
    assert site.once(config).returncode == 0
    assert sorted(site.lines('begun')[1:]) == sorted(commits)


def test_a_killed_watcher_loses_nothing_and_repeats_nothing(site: Site) -> None:
    repo = site.repository()
    lives = repo.commit(a__manifest='1')
    site.hold(lives)
    config = site.config(ONE)
    watcher = site.watch(config)
    watcher.until('begun')
    site_begun(site, lives)
    assert watcher.end(signal.SIGKILL) == -signal.SIGKILL

    # Its attempt still runs, and another one waits for its turn.
    dies = repo.commit(a__manifest='2')
    site.hold(dies)
    second = site.watch(config)
    second.until(f'{dies[:8]}: begun')
    site_begun(site, lives, dies)
    (row,) = [row for row in site.rows() if row.commit_id == dies]
    os.kill(int(row.owner.split()[3]), signal.SIGKILL)
    second.until(f'{dies[:8]}: queued again')
    site_begun(site, lives, dies, dies)
    assert second.end(signal.SIGKILL) == -signal.SIGKILL

    # One ends while nobody watches, the other while the third watcher waits for it.
    site.let(lives, 'passed')
    third = site.watch(config)
    third.until(f'{lives[:8]}: passed')
    site.let(dies, 'failed')
    third.until(f'{dies[:8]}: failed')
    assert third.end(signal.SIGTERM) == 130
    assert site.lines('begun') == [lives, dies, dies]
    assert len(site.lines('reaped')) == 1
    assert [(row.verdict, row.tries, row.state) for row in site.rows()] == [
        ('failed', 2, 'done'),
        ('passed', 1, 'done'),
    ]


def test_what_had_no_controller_is_tried_again_and_not_called_bad(site: Site) -> None:
    repo = site.repository()
    commit = repo.commit(a__manifest='1')
    config = site.config(ONE.replace('poll: 300', 'poll: 1'))
    site.let(commit, 'untried')
    done = site.once(config)
    assert (done.returncode, f'{commit[:8]}: untried' in done.stdout) == (3, True), done
    (row,) = site.rows()
    assert (row.state, row.verdict, row.tries) == ('queued', 'untried', 0)
    watcher = site.watch(config)
    watcher.until(f'{commit[:8]}: untried; tried again in 1 s')
    # Of such tries only the last one is kept.
    assert len(list(site.watched.iterdir())) == 1
    site.let(commit, 'passed')
    watcher.until(f'{commit[:8]}: passed')
    assert watcher.end(signal.SIGTERM) == 130
    (row,) = site.rows()
    assert (row.state, row.verdict, row.tries) == ('done', 'passed', 1)


def test_a_hoodoo_that_is_broken_says_nothing_of_a_revision(site: Site) -> None:
    commit = site.repository().commit(a__manifest='1')
    config = site.config(ONE)
    (site.play / 'broken').touch()
    done = site.once(config)
    assert done.returncode == 3, done
    assert f'{commit[:8]}: untried, ERROR cannot open database: no space left' in done.stdout
    (site.play / 'broken').unlink()
    assert site.once(config).returncode == 0
    assert site.lines('begun') == [commit]


def test_old_revisions_go_and_are_not_tried_again(site: Site) -> None:
    repo = site.repository()
    config = site.config(ONE.replace('url: repo', "url: repo, branches: ['*']") + 'keep: {count: 1}\n')
    commits, said = list[str](), ''
    for number in range(3):
        commits.append(repo.commit(a__manifest=str(number)))
        done = site.once(config)
        assert done.returncode == 0, done
        said = done.stdout
    assert '1 old revision removed' in said
    rows = site.rows()
    assert [row.commit_id for row in rows] == [commits[2]]
    assert {str(path) for path in site.watched.iterdir()} == {row.reports for row in rows}
    repo.git('branch', 'again', commits[0])
    repo.git('reset', '--quiet', '--hard', commits[1])
    assert (site.once(config).stdout, site.lines('begun')) == ('', commits)


def test_told_to_end_it_ends_its_attempts_and_tries_them_again_later(site: Site) -> None:
    repo = site.repository()
    commit = repo.commit(a__manifest='1')
    site.hold(commit)
    config = site.config(ONE)
    watcher = site.watch(config)
    site_begun(site, commit)
    assert watcher.end(signal.SIGTERM) == 130
    assert [(row.state, row.tries) for row in site.rows()] == [('queued', 0)]
    (site.play / commit).unlink()
    assert site.once(config).returncode == 0
    assert site.lines('begun') == [commit, commit]


def test_a_repository_that_hangs_holds_up_nobody(site: Site) -> None:
    commit = site.repository().commit(a__manifest='1')
    with socket.create_server(('127.0.0.1', 0)) as mute:
        hanging = f'git://127.0.0.1:{mute.getsockname()[1]}/x'
        watcher = site.watch(
            site.config(
                f'poll: 300\nrepositories: [{{url: "{hanging}"}}, {{url: repo, specs: [{{path: a}}]}}]\n'
            )
        )
        watcher.until(f'{commit[:8]}: passed')
        began = time.monotonic()
        assert watcher.end(signal.SIGTERM) == 130
        assert time.monotonic() - began < 5, 'the git that waits is ended, too'


def test_told_twice_to_end_it_kills_and_the_next_one_cleans_up(site: Site) -> None:
    commit = site.repository().commit(a__manifest='1')
    site.hold(commit)
    (site.play / 'stubborn').touch()
    config = site.config(ONE)
    watcher = site.watch(config)
    site_begun(site, commit)
    watcher.child.send_signal(signal.SIGTERM)
    watcher.until('ending: 1 attempt under way')
    assert watcher.end(signal.SIGTERM) == 130
    (row,) = site.rows()
    assert (row.state, alive.lives(row.owner.split(' ', 3)[3])) == ('running', False)
    (site.play / commit).unlink()
    assert site.once(config).returncode == 0
    assert site.lines('reaped') == ['1']
    assert [(row.verdict, row.tries) for row in site.rows()] == [('passed', 2)]


def test_killed_at_any_moment_it_tries_each_revision_once(site: Site) -> None:
    repo = site.repository()
    commits = [repo.commit(a__manifest='0')]
    config = site.config(
        ONE.replace('url: repo', 'url: repo, every: true') + 'concurrency: 2\nkeep: {count: 1}\n'
    )
    assert site.once(config).returncode == 0
    chance = random.Random(os.environ.get('WATCH_SEED', '1'))
    for number in range(KILLS):
        commits += [repo.commit(a__manifest=f'{word}{number}') for word in 'xy']
        watcher = site.watch(config)
        # From its start to the end of its work, which takes about a second.
        with contextlib.suppress(subprocess.TimeoutExpired):
            watcher.child.wait(chance.uniform(0.2, 0.9))
        assert watcher.end(signal.SIGKILL) == -signal.SIGKILL
    assert site.once(config).returncode == 0
    assert sorted(site.lines('begun')) == sorted(commits)
    rows = site.rows()
    assert {(row.verdict, row.tries) for row in rows} == {('passed', 1)}
    assert len(rows) <= 3, 'the last one that ended, the last one that was seen, that of the last attempt'
    assert {str(path) for path in site.watched.iterdir()} == {row.reports for row in rows}

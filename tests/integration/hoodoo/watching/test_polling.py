"""What a poll finds in a real repository."""

from __future__ import annotations

from pathlib import Path

import pytest

from hoodoo.ci.watch import config, deciding, history, polling
from tests import trying

SECOND = '2026-11-22T10:00:00Z'


def test_of_commits_of_one_second_the_newest_is_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a rebase makes them."""
    monkeypatch.setenv('GIT_COMMITTER_DATE', SECOND)
    repository = tmp_path / 'repo'
    trying.repository(repository)
    commits = [trying.git(repository, 'rev-parse', 'HEAD')]
    for number in range(4):
        trying.commit(repository, {'manifest': f'# {number}\n'})
        commits.append(trying.git(repository, 'rev-parse', 'HEAD'))
    spec = config.Spec(name='a', path='specs/tried')
    watched = config.Repository(name='repo', url=f'file://{repository}', every=True, poll_s=60, specs=(spec,))
    found = polling.poll(watched, {('a', 'main'): commits[0]}, mirrors=tmp_path / 'mirrors')
    assert [one.commit for one in found.new] == commits[1:]
    assert len({one.committed_ms for one in found.new}) == 1
    kept = history.History(tmp_path / 'ci.db')
    try:
        kept.saw('repo', found.heads, found.new, now_ms=1)
        waiting = kept.in_state(history.QUEUED)
        order = [one.commit_id for one in deciding.chosen(waiting, running=0, limit=9)]
    finally:
        kept.close()
    assert order == commits[:0:-1]

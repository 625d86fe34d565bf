"""Collecting from real git repositories."""

from __future__ import annotations

from pathlib import Path

import pytest

from bedrock import errors
from hoodoo.collect import lock
from tests.integration.hoodoo.collect.conftest import Place, Repository


def refusal(failure: pytest.ExceptionInfo[errors.Fault]) -> str:
    return errors.render(failure.value)


def test_the_default_branch_is_followed_whatever_its_name(place: Place, repository: Repository) -> None:
    line = f'a {repository.url}'
    assert place.states(line) == {'a': 'new'}
    assert place.states(line) == {'a': 'unchanged'}
    repository.commit('2')
    assert place.states(line) == {'a': 'updated'}
    assert place.read('a/file') == '2'
    repository.git('checkout', '-b', 'trunk')
    repository.commit('3')
    assert place.states(line) == {'a': 'updated'}
    assert place.read('a/file') == '3'


def test_a_branch_tag_or_commit_is_checked_out(place: Place, repository: Repository) -> None:
    first = repository.git('rev-parse', 'HEAD')
    repository.git('checkout', '-b', 'next')
    second = repository.commit('2')
    repository.git('checkout', 'main')
    for option, text in {
        'revno=next': '2',
        'revno=v1': '1',
        'branch=next': '2',
        f'revno={first[:10]}': '1',
        f'revno={second}': '2',
    }.items():
        place.collect(f'a {repository.url};{option}')
        assert place.read('a/file') == text
    repository.git('checkout', 'next')
    repository.commit('3')
    place.collect(f'a {repository.url};revno=next')
    assert place.read('a/file') == '3'


def test_a_commit_that_no_branch_leads_to_is_fetched_where_the_server_gives_it(
    place: Place, repository: Repository
) -> None:
    lonely = repository.commit('lonely')
    repository.git('reset', '--hard', 'v1')
    repository.git('config', 'uploadpack.allowAnySHA1InWant', 'true')
    place.collect(f'a {repository.url};revno={lonely}')
    assert place.read('a/file') == 'lonely'
    with pytest.raises(errors.Fault) as failure:
        place.collect(f'b {repository.url};revno=mani')
    assert 'has no commit, tag or branch "mani"' in refusal(failure)
    assert 'Did you mean "main"?' in refusal(failure)


def test_depth_limits_the_history(place: Place, repository: Repository) -> None:
    repository.commit('2')
    place.collect(f'a {repository.url};depth=1\nb {repository.url};depth=1,branch=main\n')
    for name in ('a', 'b'):
        assert place.read(f'{name}/file') == '2'
        assert (place.build / name / '.git/shallow').is_file()
    repository.commit('3')
    assert place.states(f'a {repository.url};depth=1') == {'a': 'updated'}
    assert place.read('a/file') == '3'


def test_submodules_come_with_it_and_follow(place: Place, repository: Repository, tmp_path: Path) -> None:
    inner = Repository(tmp_path / 'inner')
    repository.git('submodule', 'add', '../inner', 'lib/inner')
    repository.commit('with')
    line = f'a {repository.url}'
    place.collect(line)
    assert place.read('a/lib/inner/file') == '1'
    inner.commit('2')
    repository.git('-C', 'lib/inner', 'pull', 'origin', 'main')
    repository.commit('newer')
    assert place.states(line) == {'a': 'updated'}
    assert place.read('a/lib/inner/file') == '2'
    # Another workspace needs neither repository.
    place.collect(line, offline=True, build=tmp_path / 'other')
    assert (tmp_path / 'other/a/lib/inner/file').read_text() == '2'


def test_what_the_spec_put_into_the_tree_stays_and_overwrite_removes_it(
    place: Place, repository: Repository
) -> None:
    line = f'a {repository.url}'
    place.collect(line)
    (place.build / 'a/built').write_text('by the build phase')
    repository.commit('2')
    place.collect(line)
    assert place.read('a/built') == 'by the build phase'
    place.collect(f'{line};overwrite=False')
    assert place.read('a/built') == 'by the build phase'
    place.collect(f'{line};overwrite=True')
    assert not (place.build / 'a/built').exists()


def test_changed_files_and_own_commits_are_not_lost_unasked(place: Place, repository: Repository) -> None:
    line = f'a {repository.url}'
    place.collect(line)
    (place.build / 'a/file').write_text('changed by hand')
    repository.commit('2')
    with pytest.raises(errors.Fault) as failure:
        place.collect(line)
    assert 'files in it were changed' in refusal(failure)
    assert 'overwrite=True' in refusal(failure)
    assert place.read('a/file') == 'changed by hand'
    own = Repository.__new__(Repository)
    own.path = place.build / 'a'
    own.commit('mine')
    with pytest.raises(errors.Fault) as failure:
        place.collect(line)
    assert 'has diverged' in refusal(failure)
    assert place.read('a/file') == 'mine'
    place.collect(f'{line};overwrite=True')
    assert place.read('a/file') == '2'


def test_a_branch_that_was_rewritten_at_its_origin_is_followed(place: Place, repository: Repository) -> None:
    line = f'a {repository.url}'
    repository.commit('2')
    place.collect(line)
    repository.git('reset', '--hard', 'v1')
    repository.commit('another 2')
    assert place.states(line) == {'a': 'updated'}
    assert place.read('a/file') == 'another 2'


def test_a_tree_of_another_origin_is_not_overwritten_unasked(place: Place, repository: Repository) -> None:
    place.collect(f'a {repository.url}')
    other = f'a {repository.url}/.git'
    with pytest.raises(errors.Fault) as failure:
        place.collect(other)
    assert 'was cloned from' in refusal(failure)
    assert place.states(f'{other};overwrite=True') == {'a': 'updated'}
    (place.build / 'b').mkdir()
    (place.build / 'b/mine').touch()
    with pytest.raises(errors.Fault) as failure:
        place.collect(f'b {repository.url}')
    assert 'is not a git tree' in refusal(failure)


def test_a_second_workspace_needs_no_network(place: Place, repository: Repository, tmp_path: Path) -> None:
    line = f'a {repository.url}'
    place.collect(line)
    repository.path.rename(tmp_path / 'gone')
    place.collect(line, offline=True, build=tmp_path / 'other')
    assert (tmp_path / 'other/a/file').read_text() == '1'
    assert place.states(line, offline=True) == {'a': 'unchanged'}
    with pytest.raises(errors.Fault) as failure:
        place.collect('b git+file:///never', offline=True)
    assert 'was never fetched here' in refusal(failure)


def test_the_cache_stands_in_for_what_cannot_be_had_only_if_asked(
    place: Place, repository: Repository, tmp_path: Path
) -> None:
    text = f'a {repository.url}\n'
    place.collect(text)
    repository.path.rename(tmp_path / 'gone')
    with pytest.raises(errors.Fault):
        place.collect(text)
    got = place.collect(text, fallback=True, build=tmp_path / 'other')
    assert 'of the cache: cannot run' in got['a'].about
    assert (tmp_path / 'other/a/file').read_text() == '1'
    with pytest.raises(errors.Fault) as failure:
        place.collect('b git+file:///never', fallback=True)
    assert 'does not appear to be a git repository' in refusal(failure)


def test_a_locked_commit_is_brought_back(place: Place, repository: Repository, tmp_path: Path) -> None:
    line = f'a {repository.url};branch=main'
    pins = place.locked(line)
    assert pins['a'].revision == repository.git('rev-parse', 'HEAD')
    repository.commit('2')
    place.collect(line)
    assert place.read('a/file') == '2'
    place.collect(line, pins=pins)
    assert place.read('a/file') == '1'
    place.collect(line, pins=pins, build=tmp_path / 'other')
    assert (tmp_path / 'other/a/file').read_text() == '1'
    away = repository.path.rename(tmp_path / 'away')
    place.collect(line, pins=pins, build=tmp_path / 'third')
    assert (tmp_path / 'third/a/file').read_text() == '1', 'a commit that is here needs no remote'
    away.rename(repository.path)
    lost = {'a': lock.Pin(source=line, revision='0' * 40)}
    with pytest.raises(errors.Fault) as failure:
        place.collect(line, pins=lost)
    assert 'has no commit' in refusal(failure)


def test_a_password_reaches_neither_messages_nor_the_tree(place: Place) -> None:
    with pytest.raises(errors.Fault) as failure:
        place.collect('a git+http://user:hunter2@127.0.0.1:1/r')
    assert 'user:***@127.0.0.1:1/r' in refusal(failure)
    assert 'hunter2' not in refusal(failure) + ' '.join(place.progress)

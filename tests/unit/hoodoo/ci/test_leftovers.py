"""Files of attempts that nothing else tells of, and models where nobody can look."""

from __future__ import annotations

import json
from collections.abc import Generator
from pathlib import Path

import pytest

import hoodoo.cli
from bedrock import errors
from hoodoo import settings
from hoodoo.ci import attempts, leftovers, places
from hoodoo.runner import locks


@pytest.fixture
def opened(tmp_path: Path) -> Generator[attempts.Attempts]:
    made = attempts.Attempts(tmp_path / 'state' / 'hoodoo' / 'ci.db')
    yield made
    made.close()


def test_files_without_a_living_attempt_go_and_others_stay(opened: attempts.Attempts, tmp_path: Path) -> None:
    loaded = settings.load({'HOME': str(tmp_path), 'XDG_STATE_HOME': str(tmp_path / 'state')})
    stray, done, living = (
        places.Places(state=loaded.state, token=token) for token in ('aaaaaaaaaa', 'bbbbbbbbbb', 'cccccccccc')
    )
    other = loaded.state / 'ci' / 'watched' / 'kept'
    for folder in (stray.folder, done.folder, living.folder, done.reports, other):
        folder.mkdir(parents=True)
    for place in (stray, done):
        place.lock.touch()
    opened.begin(token=done.token, spec='s', owner='b s 0 1 2', reports='/out', now_ms=1)
    opened.end(done.token, verdict='passed', why='', now_ms=2)
    reaper = leftovers.Reaper(settings=loaded, attempts=opened, told=lambda _: None, now_ms=3)
    with locks.held(living.lock, 'attempt'):
        reaper.reap(leftovers.Wanted(dry_run=True))
        assert stray.lock.exists()
        reaper.reap(leftovers.Wanted())
    left = sorted(str(path.relative_to(loaded.state / 'ci')) for path in (loaded.state / 'ci').iterdir())
    assert left == ['cccccccccc', 'cccccccccc.lock', 'reports', 'watched']
    assert (done.reports.is_dir(), other.is_dir()) == (True, True)


def _left(opened: attempts.Attempts, token: str, controller: str) -> None:
    opened.begin(token=token, spec='s', owner='b s 0 1 2', reports='/out', now_ms=1)
    opened.intend(token, controller=controller, model=f'ci-s-{token}', expires_ms=9, now_ms=1)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The Juju client knows one controller, which does not answer."""
    for name in ('JUJU_CONTROLLER', 'JUJU_MODEL'):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv('XDG_STATE_HOME', str(tmp_path / 'state'))
    monkeypatch.setenv('JUJU_DATA', str(tmp_path / 'juju'))
    monkeypatch.setenv('HOODOO_JUJU', '/bin/true')
    (tmp_path / 'juju').mkdir()
    (tmp_path / 'juju' / 'controllers.yaml').write_text(
        'controllers:\n  silent: {cloud: aws, api-endpoints: ["127.0.0.1:1"]}\n'
    )
    return tmp_path


def _reap(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, list[str], str]:
    code = hoodoo.cli.invoke(['ci', 'reap', *words])
    said = capsys.readouterr()
    return code, said.out.splitlines(), said.err


def test_where_nobody_can_look_a_timer_goes_on_and_says_what_to_do(
    opened: attempts.Attempts, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _left(opened, 'aaaaaaaaaa', 'gone')
    where = places.Places(state=home / 'state' / 'hoodoo', token='aaaaaaaaaa')
    where.folder.mkdir(parents=True)
    for _ in range(2):
        code, out, err = _reap(capsys)
        assert (code, out) == (
            0,
            ['gone:ci-s-aaaaaaaaaa (attempt 1): not looked for: its controller is not registered here'],
        )
        assert 'hoodoo ci reap --forget gone\n' in err
    (row,) = opened.newest(9)
    assert (row.verdict, row.model_state) == ('interrupted', 'intended')
    # Who asks for this one wants it gone.
    code, out, _ = _reap(capsys, '1')
    assert (code, 'NOT removed' in out[0]) == (1, True)
    assert where.folder.is_dir()

    code, out, _ = _reap(capsys, '--forget', 'gone', '--dry-run')
    assert (code, out) == (0, ['gone:ci-s-aaaaaaaaaa (attempt 1): would be forgotten'])
    code, out, _ = _reap(capsys, '--forget', 'gone')
    assert (code, out) == (0, ['gone:ci-s-aaaaaaaaaa (attempt 1): forgotten'])
    assert not where.folder.exists()
    assert _reap(capsys, '--forget', 'gone') == (0, [], 'nothing to forget\n')
    assert _reap(capsys) == (0, [], 'nothing to remove\n')
    assert hoodoo.cli.invoke(['ci', 'list', '--format', 'json']) == 0
    (listed,) = json.loads(capsys.readouterr().out)
    assert (listed['model'], listed['model_state']) == ('', 'forgotten')


def test_what_can_be_looked_for_is_not_forgotten(
    opened: attempts.Attempts, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _left(opened, 'aaaaaaaaaa', 'gone')
    _left(opened, 'bbbbbbbbbb', 'silent')
    code, _, err = _reap(capsys, '--forget', 'silent')
    assert (code, 'juju unregister silent' in err) == (2, True)
    code, _, err = _reap(capsys, '--forget', 'gon')
    assert (code, 'Did you mean "gone"?' in err) == (2, True)
    assert _reap(capsys, '--forget', 'gone', '--controller', 'silent')[0] == 2
    lives = places.Places(state=home / 'state' / 'hoodoo', token='aaaaaaaaaa')
    with locks.held(lives.lock, 'attempt'):
        assert _reap(capsys, '--forget', 'gone') == (
            0,
            ['gone:ci-s-aaaaaaaaaa (attempt 1): stays, its process runs'],
            '',
        )
    assert [row.model_state for row in opened.newest(9)] == ['intended', 'intended']


def test_a_controller_that_does_not_answer_is_told_and_one_that_is_not_there_is_wrong(
    opened: attempts.Attempts, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    del home
    code, out, err = _reap(capsys, '--controller', 'silent', '--all-expired')
    assert (code, err) == (1, '')
    assert out[0].startswith('controller silent: NOT looked at: cannot reach controller "silent"')
    code, _, err = _reap(capsys, '--controller', 'silnt')
    assert (code, 'Did you mean "silent"?' in err) == (2, True)
    _left(opened, 'bbbbbbbbbb', 'silent')
    code, out, err = _reap(capsys, '--controller', 'silent')
    assert (code, len(out), err) == (1, 1, '1 left behind\n'), 'it is told once'


def test_files_that_a_number_stands_for_go(opened: attempts.Attempts, tmp_path: Path) -> None:
    loaded = settings.load({'HOME': str(tmp_path), 'XDG_STATE_HOME': str(tmp_path / 'state')})
    there: list[places.Places] = []
    for token in ('aaaaaaaaaa', 'bbbbbbbbbb'):
        _left(opened, token, 'gone')
        opened.end(token, verdict='passed', why='', now_ms=2)
        opened.gone(token)
        there.append(places.Places(state=loaded.state, token=token))
        there[-1].folder.mkdir(parents=True)
    reaper = leftovers.Reaper(settings=loaded, attempts=opened, told=lambda _: None, now_ms=3)
    assert reaper.reap(leftovers.Wanted(numbers=(2,))) == ()
    assert [place.folder.exists() for place in there] == [True, False]


def test_an_environment_that_names_no_controller_is_wrong(opened: attempts.Attempts, tmp_path: Path) -> None:
    environ = {'HOME': str(tmp_path), 'JUJU_DATA': str(tmp_path / 'juju'), 'JUJU_CONTROLLER': 'typo'}
    loaded = settings.load(environ)
    reaper = leftovers.Reaper(settings=loaded, attempts=opened, told=lambda _: None, now_ms=3)
    with pytest.raises(errors.UsageFault, match='cannot find controller "typo"'):
        reaper.reap(leftovers.Wanted())

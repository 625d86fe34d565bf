"""Which revision is meant, and that it is the one that is taken."""

from __future__ import annotations

from pathlib import Path

import pytest

from bedrock import errors
from hoodoo.ci import revision
from tests import trying

DIRECTORIES = frozenset({'specs/mirror', 'specs', 'odd@place/spec', 'odd@place'})


@pytest.mark.parametrize(
    ('text', 'expected'),
    [
        ('specs/mirror', ('specs/mirror', '')),
        ('specs/mirror@v12', ('specs/mirror', 'v12')),
        ('specs/mirror@feature/x', ('specs/mirror', 'feature/x')),
        ('specs/mirror@HEAD~1', ('specs/mirror', 'HEAD~1')),
        ('specs/mirror@HEAD@{1}', ('specs/mirror', 'HEAD@{1}')),
        ('odd@place/spec', ('odd@place/spec', '')),
        ('odd@place/spec@main', ('odd@place/spec', 'main')),
        ('nowhere@main', ('nowhere@main', '')),
        ('specs/mirror@', ('specs/mirror@', '')),
        ('git+https://host/specs@v12', ('git+https://host/specs', 'v12')),
        ('git+https://who@host/specs', ('git+https://who@host/specs', '')),
        ('git+ssh://git@host/specs@feature/x', ('git+ssh://git@host/specs', 'feature/x')),
        ('git@host:team/specs', ('git@host:team/specs', '')),
        ('git@host:team/specs@main', ('git@host:team/specs', 'main')),
        ('lp:~who/specs@12', ('lp:~who/specs', '12')),
    ],
)
def test_a_revision_is_what_follows_the_spec(text: str, expected: tuple[str, str]) -> None:
    assert revision.split(text, DIRECTORIES.__contains__) == expected


def _take(text: str, tmp_path: Path, *, below: str = '') -> revision.Taken:
    folder = tmp_path / 'checkout'
    return revision.take(text, below=below, folder=folder, mirrors=tmp_path / 'mirrors')


def test_a_directory_is_taken_as_it_is(tmp_path: Path) -> None:
    spec = trying.repository(tmp_path / 'repo')
    head = trying.git(spec, 'rev-parse', 'HEAD')
    assert _take(str(spec), tmp_path).revision == head[:8]
    (tmp_path / 'repo' / 'new').touch()
    taken = _take(str(spec), tmp_path)
    assert (taken.revision, taken.commit, taken.origin.root) == (f'{head[:8]}-dirty', head, spec)


def test_a_directory_that_no_repository_holds_has_no_revision(tmp_path: Path) -> None:
    (tmp_path / 'spec').mkdir()
    taken = _take(str(tmp_path / 'spec'), tmp_path)
    assert (taken.origin.name, taken.revision, taken.commit) == ('spec', '', '')
    with pytest.raises(errors.UsageFault, match='no git repository holds it'):
        _take(f'{tmp_path}/spec@main', tmp_path)


@pytest.mark.parametrize('asked', ['HEAD~1', 'v1', 'COMMIT', 'SHORT'])
@pytest.mark.parametrize('scheme', ['', 'file://'])
def test_a_revision_is_checked_out_with_all_that_its_repository_has(
    tmp_path: Path, asked: str, scheme: str
) -> None:
    spec = trying.repository(tmp_path / 'repo')
    old = trying.git(spec, 'rev-parse', 'HEAD')
    trying.git(spec, 'tag', 'v1')
    trying.commit(tmp_path / 'repo', {'manifest': 'sleep config=1\n'})
    (spec / 'manifest').write_text('not committed')
    word = {'COMMIT': old, 'SHORT': old[:10]}.get(asked, asked)
    taken = _take(f'{scheme}{spec}@{word}', tmp_path)
    assert (taken.commit, taken.revision) == (old, 'v1' if asked == 'v1' else old[:8])
    assert (taken.origin.root / 'manifest').read_text().startswith('collect\n')
    assert taken.origin.root == tmp_path / 'checkout' / 'specs' / 'tried'
    assert (taken.origin.name, taken.origin.label) == ('tried', 'specs/tried')


def test_a_repository_somewhere_else_is_fetched(tmp_path: Path) -> None:
    trying.repository(tmp_path / 'repo')
    url = f'git+file://{tmp_path}/repo'
    taken = _take(f'{url}@main', tmp_path, below='specs/tried')
    assert (taken.revision, taken.origin.name, taken.origin.label) == ('main', 'tried', 'specs/tried')
    assert (taken.origin.root / 'manifest').is_file()
    with pytest.raises(errors.UsageFault, match='cannot find spec "specs/none"'):
        _take(f'{url}@main', tmp_path, below='specs/none')
    with pytest.raises(errors.UsageFault, match='has no commit, tag or branch "mian"'):
        _take(f'{url}@mian', tmp_path)


@pytest.mark.parametrize('revno', ['none', '--output=x'])
def test_a_revision_that_is_not_there_is_refused(tmp_path: Path, revno: str) -> None:
    spec = trying.repository(tmp_path / 'repo')
    for named in (spec, f'file://{spec}'):
        with pytest.raises(errors.UsageFault, match='has no such commit, tag or branch'):
            _take(f'{named}@{revno}', tmp_path)
    with pytest.raises(errors.UsageFault, match=f'{spec}/none'):
        _take(f'file://{spec}/none@main', tmp_path)

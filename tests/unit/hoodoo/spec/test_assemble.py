"""Manifests with what they include, or one line in place of a manifest."""

from __future__ import annotations

from pathlib import Path

import pytest

from bedrock import errors
from hoodoo.spec import assemble, lookup, manifest


def _spec(root: Path, files: dict[str, str], *, stage: str = 'ci') -> lookup.SpecView:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return lookup.SpecView(root=root, stage=stage, label='s')


def _read(
    root: Path, files: dict[str, str], *, line: str = '', variables: dict[str, str] | None = None
) -> manifest.Manifest:
    return assemble.assemble(_spec(root, files), 'manifest', variables or {}, line=line)


def _places(read: manifest.Manifest) -> list[tuple[str, str, int]]:
    return [(call.phase, call.file, call.line) for call in read.calls]


def _wrong(read: manifest.Manifest) -> list[tuple[str, str]]:
    return [(problem.where, problem.message) for problem in read.problems]


def test_an_included_manifest_runs_in_place_and_keeps_its_own_positions(tmp_path: Path) -> None:
    files = {
        'manifest': 'collect\n\ninclude config=more/checks\nsleep config=1\n',
        'more/checks': '# checks\nverify config=a\ninclude config=last\n',
        'ci/last': 'verify config=b',
        'last': 'hidden by the one of the stage',
    }
    read = _read(tmp_path, files)
    assert read.problems == ()
    assert read.file == 's/manifest'
    assert _places(read) == [
        ('collect', 's/manifest', 1),
        ('verify', 's/more/checks', 2),
        ('verify', 's/ci/last', 1),
        ('sleep', 's/manifest', 4),
    ]


def test_the_same_manifest_may_be_included_twice(tmp_path: Path) -> None:
    read = _read(tmp_path, {'manifest': 'include config=a\ninclude config=a\n', 'a': 'sleep config=1\n'})
    assert (read.problems, len(read.calls)) == ((), 2)


def test_what_is_included_may_depend_on_variables_and_sees_them(tmp_path: Path) -> None:
    files = {'manifest': 'include config=checks-${S}\n', 'checks-noble': 'verify W=${W:-1} S=${S}\n'}
    read = _read(tmp_path, files, variables={'S': 'noble'})
    assert [option.value for option in read.calls[0].options] == ['1', 'noble']


@pytest.mark.parametrize(
    ('files', 'where', 'message'),
    [
        ({'manifest': 'collect\ninclude config=gone'}, 's/manifest:2:9', 'cannot find manifest "gone"'),
        ({'manifest': 'include'}, 's/manifest:1:1', 'no manifest is named to include'),
        ({'manifest': 'include confg=a', 'a': ''}, 's/manifest:1:9', '"include" has no option "confg"'),
        ({'manifest': 'include config=${NO}'}, 's/manifest:1:9', 'variable NO is not set'),
        (
            {'manifest': 'include config=manifest'},
            's/manifest:1:9',
            'a manifest includes itself: manifest includes manifest',
        ),
        (
            {'manifest': 'include config=a', 'a': '\ninclude config=b', 'ci/b': 'include config=a'},
            's/ci/b:1:9',
            'a manifest includes itself: a includes ci/b includes a',
        ),
        ({'manifest': 'include config=a', 'a': '\n  verify x'}, 's/a:2:10', '"x" is not an option'),
        ({'manifest': 'include config=a', 'a': 'verify x=${NO}'}, 's/a:1:8', 'variable NO is not set'),
    ],
)
def test_what_is_wrong_with_an_include_is_told_where_it_is_written(
    tmp_path: Path, files: dict[str, str], where: str, message: str
) -> None:
    ((found, text),) = _wrong(_read(tmp_path, files))
    assert found == where
    assert text.startswith(message)


def test_an_include_that_cannot_be_read_is_left_out_and_the_rest_is_read(tmp_path: Path) -> None:
    read = _read(tmp_path, {'manifest': 'include config=a\nverify\n'})
    assert read.misread == ('include',)
    assert [call.phase for call in read.calls] == ['verify']


def test_a_file_that_is_no_text_is_told_with_its_own_place(tmp_path: Path) -> None:
    view = _spec(tmp_path, {'manifest': 'include config=a'})
    (tmp_path / 'a').write_bytes(b'verify\n a=\xff')
    read = assemble.assemble(view, 'manifest', {})
    assert _wrong(read) == [('s/a:2:4', 'not UTF-8 text: byte 0xff')]
    (tmp_path / 'manifest').write_bytes(b'\xff')
    read = assemble.assemble(view, 'manifest', {})
    assert _wrong(read) == [('s/manifest:1:1', 'not UTF-8 text: byte 0xff')]


def test_a_line_stands_in_for_the_manifest(tmp_path: Path) -> None:
    files = {'manifest': 'collect', 'a': 'verify\nsleep config=1'}
    assert _places(_read(tmp_path, files, line='sleep config=2')) == [('sleep', 'command line', 1)]
    assert [call.phase for call in _read(tmp_path, files, line='include config=a').calls] == [
        'verify',
        'sleep',
    ]
    assert _wrong(_read(tmp_path, files, line='verify x')) == [
        ('command line:1:8', '"x" is not an option of the form key=value')
    ]


def test_a_missing_manifest_is_a_usage_fault(tmp_path: Path) -> None:
    with pytest.raises(errors.UsageFault, match='cannot find file "manifest"'):
        _read(tmp_path, {})

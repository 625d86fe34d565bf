"""A spec's private copy."""

from __future__ import annotations

from pathlib import Path

from hoodoo.spec import workingcopy


def _made(folder: Path, files: dict[str, str], links: dict[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    for name, to in links.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).symlink_to(to)
    return folder


def _copied(source: Path, target: Path) -> Path:
    workingcopy.replicate(source, target, leave_out=lambda entry: entry.name == '.git')
    return target


def test_links_inside_the_tree_stay_links(tmp_path: Path) -> None:
    spec = _made(
        tmp_path / 'spec',
        {'common/checks': '1', 'a/b/own': '2'},
        {'a/b/checks': '../../common/checks', 'production': 'a', 'gone': 'nowhere', '.git': 'x'},
    )
    (spec / 'whole').symlink_to(spec / 'common')
    copy = _copied(spec, tmp_path / 'copy')
    assert (copy / 'a/b/checks').readlink() == Path('../../common/checks')
    assert (copy / 'production').readlink() == Path('a')
    assert (copy / 'gone').readlink() == Path('nowhere')
    # As it was written it would lead to the author's files.
    assert (copy / 'whole').readlink() == Path('common')
    assert not (copy / '.git').is_symlink()
    (copy / 'a/b/checks').write_text('changed')
    assert (spec / 'common/checks').read_text() == '1'


def test_what_a_link_out_of_the_tree_leads_to_is_copied(tmp_path: Path) -> None:
    _made(
        tmp_path / 'helper', {'checks': '1', 'sub/inner': '2'}, {'sub/up': '../checks', 'round': '../helper'}
    )
    spec = _made(
        tmp_path / 'spec',
        {},
        {
            'ci/checks': '../../helper/checks',
            'helper': '../helper',
            'above': '../',
            'system': '/etc/hostname',
        },
    )
    copy = _copied(spec, tmp_path / 'copy')
    assert not (copy / 'ci/checks').is_symlink()
    assert (copy / 'ci/checks').read_text() == '1'
    assert (copy / 'helper/sub/inner').read_text() == '2'
    assert (copy / 'helper/sub/up').readlink() == Path('../checks')
    assert (copy / 'helper/round').readlink() == Path('../helper')
    assert (copy / 'above').readlink() == Path('..')
    assert (copy / 'system').readlink() == Path('/etc/hostname')


def test_the_copy_may_be_written_though_the_original_may_not(tmp_path: Path) -> None:
    spec = _made(tmp_path / 'spec', {'ci/checks': '1'}, {})
    (spec / 'ci/checks').chmod(0o555)
    (spec / 'ci').chmod(0o555)
    copy = _copied(spec, tmp_path / 'copy')
    (spec / 'ci').chmod(0o755)
    assert (copy / 'ci/checks').stat().st_mode & 0o777 == 0o755
    assert (copy / 'ci').stat().st_mode & 0o777 == 0o755

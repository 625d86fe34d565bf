"""Containers as far as they can be told without one: commands, what reaches a program, what is missing."""

from __future__ import annotations

from pathlib import Path

import pytest

from bedrock import aptarchives, aptsources, errors
from bedrock.base import Base
from hoodoo import cli
from hoodoo.containers import container, dpkg, nspawn, rootfs
from hoodoo.projects import layout

DEBIAN = aptarchives.Host(base=Base('debian', '12'), codename='bookworm')
SOURCE = aptsources.Source(
    uris=('http://mirror/debian',), suites=('bookworm', 'bookworm-updates'), components=('main',)
)


def test_without_the_network_only_loopback_is_there_and_values_are_no_arguments() -> None:
    words = nspawn.command(
        ['/spec/build'],
        tree=Path('/tree'),
        machine='p-noble.7',
        variables=['TOKEN'],
        folder=Path('/spec'),
        shared=[Path('/w/a:b')],
        network=False,
    )
    assert '--private-network' in words
    assert '--setenv=TOKEN' in words
    assert '--bind=/w/a\\:b' in words
    assert '--hostname=p-noble' in words
    assert words[-2:] == ['--', '/spec/build']
    connected = nspawn.command(['x'], tree=Path('/tree'), machine='m', network=True)
    assert '--private-network' not in connected
    assert '--resolv-conf=copy-host' in connected


def test_a_program_inside_gets_mojos_variables_its_own_and_proxies_and_nothing_of_the_machine() -> None:
    everything = {'MOJO_STAGE': 'ci', 'JUJU_MODEL': 'm', 'PATH': '/x', 'http_proxy': 'p', 'HOME': '/root'}
    assert container.environment(everything, {'WHO': 'me'}) == {
        'LANG': 'C.UTF-8',
        'MOJO_STAGE': 'ci',
        'http_proxy': 'p',
        'WHO': 'me',
    }


def test_packages_are_read_from_dpkgs_own_file() -> None:
    text = (
        'Package: make\nStatus: install ok installed\nDescription: a\n b: c\n\n'
        'Package: gone\nStatus: deinstall ok config-files\n\n'
        'Package: python3\nStatus: install ok installed\nVersion: 3\n'
    )
    there = frozenset(dpkg.read(text))
    assert there == {'make', 'python3'}
    assert dpkg.missing(['make', 'python3:any', 'gone', 'make=2'], there) == ['gone', 'make=2']


@pytest.mark.parametrize(
    ('series', 'tried'),
    [
        ('bookworm', ['bookworm']),
        ('trixie', ['trixie', 'bookworm']),
        ('warty', ['bookworm']),
    ],
)
def test_the_hosts_own_release_stands_in_for_one_that_cannot_be_had(
    monkeypatch: pytest.MonkeyPatch, series: str, tried: list[str]
) -> None:
    monkeypatch.setattr(aptsources, 'of_host', lambda: (SOURCE,))
    monkeypatch.setattr(aptsources, 'proxy', lambda: '')
    assert [recipe.codename for recipe in rootfs.recipes(series, DEBIAN)] == tried


def test_a_host_without_package_sources_is_told_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aptsources, 'of_host', tuple)
    monkeypatch.setattr(aptsources, 'proxy', lambda: '')
    with pytest.raises(errors.Fault, match='no package source of warty or bookworm'):
        rootfs.recipes('warty', DEBIAN)


def test_only_debian_and_ubuntu_can_make_one() -> None:
    assert rootfs.this_host('ID=ubuntu\nVERSION_ID="24.04"\nVERSION_CODENAME=noble\n').codename == 'noble'
    with pytest.raises(errors.Fault, match='cannot make a container on Fedora'):
        rootfs.this_host('ID=fedora\nPRETTY_NAME=Fedora\n')


def test_a_run_that_needs_a_container_is_refused_where_there_can_be_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ('PROJECT', 'SERIES', 'SPEC', 'STAGE', 'WORKSPACE', 'LOGFILE', 'CONTAINER_CLASS'):
        monkeypatch.delenv(f'MOJO_{name}', raising=False)
    monkeypatch.setenv('MOJO_ROOT', str(tmp_path))
    layout.Project(root=tmp_path, name='shop', series='noble', asked_class='lxd').ensure()
    spec = tmp_path / 'shop-spec' / 'shop'
    spec.mkdir(parents=True)
    (spec / 'manifest').write_text('build\nbuilddeps packages=make\nverify config=build\n')
    (spec / 'build').write_text('#!/bin/sh\n')
    (spec / 'build').chmod(0o755)
    monkeypatch.setattr('os.geteuid', lambda: 1000)
    assert cli.invoke(['run', str(spec), '--check']) == 2
    shown = capsys.readouterr().out
    assert shown.count('cannot use the container of the project: only root can') == 2, 'verify needs none'
    assert 'manifest:1:1' in shown
    assert 'manifest:2:1' in shown


def test_users_other_than_root_are_told_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr('os.geteuid', lambda: 1000)
    found = container.obstacle()
    assert found is not None
    assert found.message == 'cannot use the container of the project: only root can'
    assert found.hint.startswith('Run hoodoo with sudo')

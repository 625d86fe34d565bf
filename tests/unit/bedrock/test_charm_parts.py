"""How charm sources are packed, as their charmcraft.yaml and their projects say."""

from __future__ import annotations

import base64
import hashlib
import os
import subprocess
import zipfile
from pathlib import Path

import pytest

from bedrock import charm
from bedrock.charm import _parts

LIBRARY = 'LIBID = "x"\nPYDEPS = ["cosl>=0.0.5", \'jinja2\']\n'


def _source(folder: Path, files: dict[str, str]) -> Path:
    for name, text in {'src/charm.py': '#!/usr/bin/env python3\n', **files}.items():
        path = folder / 'tiny' / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder / 'tiny'


def _wheel(folder: Path, name: str) -> None:
    """A package as pip installs it, without an index and without building."""
    info = f'{name}-1.0.dist-info'
    files = {
        f'{name}.py': f'NAME = "{name}"\n',
        f'{info}/METADATA': f'Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n',
        f'{info}/WHEEL': 'Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n',
    }
    lines = [f'{info}/RECORD,,']
    for path, text in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode().rstrip('=')
        lines.append(f'{path},sha256={digest},{len(text)}')
    folder.mkdir(exist_ok=True)
    with zipfile.ZipFile(folder / f'{name}-1.0-py3-none-any.whl', 'w') as wheel:
        for path, text in {**files, f'{info}/RECORD': '\n'.join(lines) + '\n'}.items():
            wheel.writestr(path, text)


@pytest.mark.parametrize(
    ('parts', 'files', 'packages', 'constraints'),
    [
        ('', {}, (), ()),
        ('parts: {charm: {source: .}}', {}, (), ()),
        ('parts: {c: {plugin: charm, charm-python-packages: [setuptools]}}', {}, ('setuptools',), ()),
        ('', {'lib/charms/loki/v1/lib.py': LIBRARY}, ('cosl>=0.0.5', 'jinja2'), ()),
        (
            'parts: {c: {plugin: python, python-packages: [a], python-constraints: [c.txt]}}',
            {'c.txt': 'a==1\n'},
            ('a',),
            ('a==1',),
        ),
        (
            'parts: {uv: {source: .}}',
            {
                'pyproject.toml': '[project]\nname = "tiny"\ndependencies = ["ops>=2,<4", "pyyaml"]\n',
                'uv.lock': (
                    '[[package]]\nname = "ops"\nversion = "2.9"\nsource = {registry = "https://x"}\n'
                    '[[package]]\nname = "tiny"\nversion = "0"\nsource = {virtual = "."}\n'
                    '[[package]]\nname = "two"\nversion = "1"\nsource = {registry = "https://x"}\n'
                    '[[package]]\nname = "two"\nversion = "2"\nsource = {registry = "https://x"}\n'
                ),
            },
            ('ops>=2,<4', 'pyyaml'),
            ('ops==2.9',),
        ),
        (
            'parts: {c: {plugin: poetry}}',
            {
                'pyproject.toml': (
                    '[tool.poetry.dependencies]\npython = "^3.8"\nops = "^2.1"\na = "*"\nb = "1.2"\n'
                    'c = {version = "^0.3.1"}\nd = "~=1.4"\n'
                ),
                'poetry.lock': '[[package]]\nname = "ops"\nversion = "2.9"\n',
            },
            ('ops>=2.1,<3', 'a', 'b==1.2', 'c>=0.3.1,<0.4', 'd~=1.4'),
            ('ops==2.9',),
        ),
    ],
)
def test_a_source_says_which_packages_it_needs(
    tmp_path: Path, parts: str, files: dict[str, str], packages: tuple[str, ...], constraints: tuple[str, ...]
) -> None:
    found = _parts.recipe(_source(tmp_path, {'charmcraft.yaml': f'name: tiny\n{parts}\n', **files}))
    assert (found.packages, found.constraints) == (packages, constraints)


@pytest.mark.parametrize(
    ('parts', 'files', 'said'),
    [
        ('parts: {web: {plugin: npm}}', {}, 'its part "web" is built by the plugin "npm"'),
        ('parts: {c: {plugin: charm, charm-requirements: [r.txt]}}', {}, 'names "r.txt", which is not there'),
        ('parts: {c: {plugin: uv}}', {'pyproject.toml': '['}, 'pyproject.toml: '),
        ('', {'lib/charms/a/v0/a.py': 'PYDEPS = x\n'}, 'is no list'),
        ('', {'lib/charms/a/v0/a.py': 'PYDEPS = [\n'}, 'is no Python'),
    ],
)
def test_a_source_that_cannot_be_packed_is_refused_before(
    tmp_path: Path, parts: str, files: dict[str, str], said: str
) -> None:
    source = _source(tmp_path, {'charmcraft.yaml': f'name: tiny\n{parts}\n', **files})
    with pytest.raises(charm.CharmFault) as caught:
        charm.check(source)
    assert said in caught.value.message


def test_the_source_of_a_reactive_charm_must_be_built_first(tmp_path: Path) -> None:
    for name in ('metadata.yaml', 'layer.yaml', 'reactive/tiny.py'):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text('name: tiny\n' if name == 'metadata.yaml' else '')
    with pytest.raises(charm.CharmFault, match='source of a reactive charm'):
        charm.check(tmp_path)
    (tmp_path / 'hooks').mkdir()
    charm.check(tmp_path)


def test_packages_libraries_and_dumped_files_are_in_the_archive(tmp_path: Path) -> None:
    """The charm runs from its archive as Juju runs it, and sees its packages and libraries."""
    for name in ('alpha', 'beta'):
        _wheel(tmp_path / 'wheels', name)
    source = _source(
        tmp_path,
        {
            'charmcraft.yaml': (
                'name: tiny\nparts:\n  charm: {charm-entrypoint: src/main.py}\n'
                '  more: {plugin: dump, source: ./extra}\n'
            ),
            'src/main.py': (
                '#!/usr/bin/env python3\nimport alpha, beta\nfrom charms.one.v0 import lib\n'
                'import os\nprint(alpha.NAME, beta.NAME, lib.LIBID, os.environ["JUJU_DISPATCH_PATH"])\n'
            ),
            'requirements.txt': f'--no-index\n--find-links {tmp_path}/wheels\n-r more.txt\n',
            'more.txt': 'alpha\n',
            'lib/charms/one/v0/lib.py': 'LIBID = "lib"\nPYDEPS = ["beta"]\n',
            'extra/files/note': 'noted\n',
            'venv/pyvenv.cfg': '',
        },
    )
    told: list[str] = []
    packed = charm.pack(source, tmp_path / 'tiny.charm', cache=tmp_path / 'cache', note=told.append)
    charm.unpack(packed, tmp_path / 'out')
    env = {'PATH': os.environ['PATH'], 'JUJU_DISPATCH_PATH': 'hooks/install'}
    ran = subprocess.run(
        [tmp_path / 'out/dispatch'], cwd=tmp_path / 'out', env=env, capture_output=True, text=True, check=True
    )
    assert ran.stdout == 'alpha beta lib hooks/install\n'
    assert (tmp_path / 'out/files/note').read_text() == 'noted\n'
    assert not (tmp_path / 'out/venv/pyvenv.cfg').exists()
    assert told == ['installing the Python packages of tiny']
    charm.pack(source, tmp_path / 'again.charm', cache=tmp_path / 'cache', note=told.append)
    assert len(told) == 1
    (source / 'more.txt').write_text('alpha==1.0\n')
    charm.pack(source, tmp_path / 'again.charm', cache=tmp_path / 'cache', note=told.append)
    assert len(told) == 2


def test_packages_that_a_source_brings_itself_are_packed(tmp_path: Path) -> None:
    source = _source(tmp_path, {'charmcraft.yaml': 'name: tiny\n', 'venv/own.py': ''})
    packed = charm.pack(source, tmp_path / 'tiny.charm', cache=tmp_path / 'cache')
    assert 'venv/own.py' in zipfile.ZipFile(packed).namelist()
    (source / 'venv/pyvenv.cfg').write_text('')
    packed = charm.pack(source, tmp_path / 'tiny.charm', cache=tmp_path / 'cache')
    assert 'venv/own.py' not in zipfile.ZipFile(packed).namelist()

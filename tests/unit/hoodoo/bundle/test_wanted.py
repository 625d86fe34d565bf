"""Bundles: from files to a wanted model."""

from __future__ import annotations

from pathlib import Path

import pytest

from bedrock import errors
from hoodoo import model
from hoodoo.bundle.reading import deployer
from hoodoo.bundle.wanted import charms, relations, resolve


def _charm(folder: Path, text: str) -> Path:
    folder.mkdir(parents=True)
    (folder / 'charmcraft.yaml').write_text(text)
    return folder


@pytest.fixture
def shelf(tmp_path: Path) -> charms.Shelf:
    web = """
name: web
requires: {backend: {interface: http}, other: {interface: http}}
provides: {nrpe: {interface: nrpe, scope: container}}
config: {options: {port: {type: int, default: 80}, note: {type: string}, fast: {type: boolean}}}
bases: [{name: ubuntu, channel: '24.04'}]
"""
    expected: dict[str, Path | None] = {
        'web': _charm(tmp_path / 'charms/web', web),
        'cache': _charm(tmp_path / 'charms/cache', 'name: cache\nprovides: {site: {interface: http}}\n'),
        'nrpe': _charm(
            tmp_path / 'charms/nrpe',
            'name: nrpe\nsubordinate: true\nrequires: {checks: {interface: nrpe, scope: container}}\n',
        ),
        'later': None,
    }
    return charms.Shelf(repo=tmp_path / 'repo', build=tmp_path / 'build', expected=expected)


def _resolved(
    tmp_path: Path,
    shelf: charms.Shelf,
    text: str,
    *,
    target: str = '',
    variables: dict[str, str] | None = None,
) -> resolve.Resolved:
    file = tmp_path / 'services'
    file.write_text(text)
    loaded = deployer.load([file], variables or {}, shown=lambda path: path.name)
    return resolve.resolve(loaded, target, shelf=shelf, series='noble')


V4 = """
services:
  web:
    num_units: 2
    expose: true
    options:
      port: 8080
      note: include-file://note.txt
      fast: yes
    constraints: mem=2G cores=2
    to: ['0', lxd:1]
machines:
  0: {constraints: mem=4G}
  1: {series: noble}
relations:
- ["web:backend", "cache:site"]
- ["cache:site", "web:backend"]
"""


def test_a_version_4_bundle_becomes_a_model(tmp_path: Path, shelf: charms.Shelf) -> None:
    (tmp_path / 'note.txt').write_text('hello\n')
    found = _resolved(tmp_path, shelf, V4)
    assert found.problems == ()
    web = found.wanted.applications['web']
    assert web.num_units == 2
    assert web.expose
    assert web.options == {'port': '8080', 'note': 'hello\n', 'fast': 'true'}
    assert web.constraints == {'mem': '2G', 'cores': '2'}
    assert [str(place) for place in web.to] == ['0', 'lxd:1']
    assert found.wanted.machines['1'].base == 'ubuntu@24.04'
    assert found.wanted.machines['0'].constraints == {'mem': '4G'}
    assert web.base == 'ubuntu@24.04'
    assert [str(relation) for relation in found.wanted.relations] == ['cache:site - web:backend']


def test_a_version_3_bundle_inherits_and_is_rendered(tmp_path: Path, shelf: charms.Shelf) -> None:
    text = """
base:
  series: {{ series }}
  services:
    web: {num_units: 1, options: {port: 1, note: base}}
  relations: [[web, cache]]
top:
  inherits: base
  services:
    web: {options: {port: 2}}
    cache: {num_units: {{ count }}}
  relations: [[web, nrpe]]
"""
    variables = {'series': 'noble', 'count': '3'}
    found = _resolved(tmp_path, shelf, text, target='top', variables=variables).wanted
    assert found.applications['web'].options == {'port': '2', 'note': 'base'}
    assert found.applications['cache'].num_units == 3
    assert [str(relation) for relation in found.relations] == ['cache - web', 'nrpe - web']


def test_several_deployments_need_a_target(tmp_path: Path, shelf: charms.Shelf) -> None:
    with pytest.raises(errors.Problems) as failure:
        _resolved(tmp_path, shelf, 'a: {services: {}}\nb: {services: {}}\n')
    assert 'target=' in failure.value.problems[0].message


def test_an_inheritance_that_goes_in_circles_is_refused(tmp_path: Path, shelf: charms.Shelf) -> None:
    with pytest.raises(errors.Problems) as failure:
        _resolved(tmp_path, shelf, 'a: {inherits: b}\nb: {inherits: a}\n', target='a')
    assert 'inherits from itself' in failure.value.problems[0].message


def test_a_subordinate_has_no_units_of_its_own(tmp_path: Path, shelf: charms.Shelf) -> None:
    nrpe = _resolved(tmp_path, shelf, 'services:\n  nrpe: {}\n').wanted.applications['nrpe']
    assert nrpe.subordinate
    assert nrpe.num_units == 0


@pytest.mark.parametrize(
    ('service', 'line', 'message', 'hint'),
    [
        ('web:\n    options:\n      prot: 1', 4, 'has no option "prot"', 'Did you mean "port"?'),
        ('web:\n    options:\n      port: many', 4, 'takes int', 'Write a whole number.'),
        ('web:\n    options: {note: include-file://gone}', 3, 'cannot find the file', 'Looked in {folder}/.'),
        ('web:\n    charm: webb', 3, 'cannot find charm "webb"', 'Did you mean "web"?'),
        ('web:\n    num_units: some', 3, 'num_units "some"', 'Write a whole number.'),
        ('web:\n    series: focal', 3, 'does not support series focal', 'It supports ubuntu@24.04.'),
        ('web:\n    to: lxd:cach=0\n  cache: {}', 3, 'no application "cach"', 'Did you mean "cache"?'),
    ],
)
def test_a_wrong_value_is_a_problem_at_its_line(
    tmp_path: Path, shelf: charms.Shelf, service: str, line: int, message: str, hint: str
) -> None:
    (problem,) = _resolved(tmp_path, shelf, f'services:\n  {service}\n').problems
    assert (problem.file, problem.line) == ('services', line)
    assert message in problem.message
    assert problem.column
    assert problem.hint == hint.format(folder=tmp_path.name)


def test_options_of_a_charm_that_is_collected_later_are_not_judged(
    tmp_path: Path, shelf: charms.Shelf
) -> None:
    found = _resolved(tmp_path, shelf, 'services:\n  later: {options: {any: 1}}\n')
    assert found.problems == ()


def test_a_misspelt_key_and_an_unset_variable_are_remarked(tmp_path: Path, shelf: charms.Shelf) -> None:
    text = "services:\n  web:\n    constraints': mem=1G\n    charm: web{{ nothing }}\n"
    remarks = _resolved(tmp_path, shelf, text).wanted.remarks
    assert any('"nothing" is not set' in remark for remark in remarks)
    assert any('Did you mean "constraints"?' in remark for remark in remarks)


def test_an_included_bundle_wins_over_the_one_that_includes_it(tmp_path: Path, shelf: charms.Shelf) -> None:
    (tmp_path / 'more').write_text('d: {services: {web: {num_units: 5}}}')
    text = 'include-config: more\nd: {services: {web: {num_units: 1, expose: true}}}'
    web = _resolved(tmp_path, shelf, text).wanted.applications['web']
    assert (web.num_units, web.expose) == (5, True)


@pytest.mark.parametrize(
    ('text', 'message', 'line'),
    [('a: [', 'not valid YAML', 2), ('{% if %}', 'cannot read the template', 1), ('- 1', 'not a mapping', 1)],
)
def test_an_unreadable_bundle_is_a_problem(
    tmp_path: Path, shelf: charms.Shelf, text: str, message: str, line: int
) -> None:
    with pytest.raises(errors.Problems) as failure:
        _resolved(tmp_path, shelf, text + '\n')
    assert message in failure.value.problems[0].message
    assert failure.value.problems[0].line == line


@pytest.mark.parametrize(
    ('one', 'other', 'message'),
    [
        ('web:backend', 'cache:site', ''),
        ('web:nrpe', 'nrpe', ''),
        ('web', 'cache', 'may mean several'),
        ('web', 'gone', 'nothing deploys application "gone"'),
        ('web:backedn', 'cache', 'has no endpoint "backedn"'),
        ('web:nrpe', 'cache', 'share no interface'),
        ('web', 'later', ''),
    ],
)
def test_relations_are_checked_against_the_charms(
    shelf: charms.Shelf, one: str, other: str, message: str
) -> None:
    known = {name: charms.read(path) if path else None for name, path in shelf.expected.items()}
    ends = [model.Endpoint(application=a, name=n) for a, _, n in (one.partition(':'), other.partition(':'))]
    wanted = model.WantedRelation(one=ends[0], other=ends[1], file='relations', line=3)
    found = list(relations.check((wanted,), known))
    assert bool(found) == bool(message)
    if found:
        assert message in found[0].message
        assert found[0].where == 'relations:3'


def test_the_digest_follows_content_and_nothing_else(tmp_path: Path) -> None:
    one, other = tmp_path / 'one', tmp_path / 'other'
    for folder in (one, other):
        _charm(folder, 'name: a\n')
        (folder / '.git').mkdir()
        (folder / '.git' / 'index').write_text(str(folder))
    assert charms.digest(one) == charms.digest(other)
    (other / 'charmcraft.yaml').chmod(0o755)
    assert charms.digest(one) != charms.digest(other)

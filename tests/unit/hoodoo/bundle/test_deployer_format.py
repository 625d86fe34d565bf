"""Bundles in juju-deployer's format: one case for each thing that is known of how it behaves."""

from __future__ import annotations

from pathlib import Path

import pytest

from bedrock import errors
from hoodoo import model
from hoodoo.bundle.reading import deployer
from hoodoo.bundle.wanted import resolve
from tests.unit.hoodoo.bundle import bundles


def _options(found: resolve.Resolved, name: str = 'web') -> dict[str, str]:
    return dict(found.wanted.applications[name].options)


def _v3(**deployments: str) -> str:
    return ''.join(f'{name}: {{{text}}}\n' for name, text in deployments.items())


@pytest.mark.parametrize(
    ('files', 'note'),
    [
        pytest.param(
            {
                'a': 'd: {services: {web: {options: {note: a}}}}',
                'b': 'd: {services: {web: {options: {note: b}}}}',
            },
            'b',
            id='a later file wins',
        ),
        pytest.param(
            {
                'a': 'include-configs: b\nd: {services: {web: {options: {note: a}}}}',
                '+b': 'd: {services: {web: {options: {note: b}}}}',
            },
            'b',
            id='an included file wins over its includer',
        ),
        pytest.param(
            {
                'a': 'include-config: [b]\nd: {services: {web: {options: {note: a}}}}',
                '+b': 'd: {services: {web: {options: {note: b}}}}',
            },
            'b',
            id='the older key',
        ),
        pytest.param(
            {
                'a': 'include-configs: [b]\ninclude-config: [c]\nd: {services: {web: {}}}',
                '+b': 'd: {services: {web: {options: {note: b}}}}',
                '+c': 'd: {services: {web: {options: {note: c}}}}',
            },
            'b',
            id='the older key does not count beside the newer',
        ),
        pytest.param(
            {
                'a': 'include-configs: [b, d]\nx: {}',
                '+b': 'include-configs: c\nx: {services: {web: {options: {note: b}}}}',
                '+c': 'x: {services: {web: {options: {note: c}}}}',
                '+d': 'x: {services: {web: {options: {port: 1}}}}',
            },
            'c',
            id='includes are read depth first',
        ),
        pytest.param(
            {
                'a': 'include-configs: sub/b\nd: {}',
                '+sub/b': 'include-configs: c\nd: {}',
                '+sub/c': 'd: {services: {web: {options: {note: c}}}}',
            },
            'c',
            id='includes are relative to the includer',
        ),
        pytest.param(
            {
                'a': 'include-configs: b\nd: {services: {web: {options: {note: a}}}}',
                '+b': 'include-configs: a\nd: {}',
            },
            'a',
            id='files that include each other are read once',
        ),
    ],
)
def test_files_are_read_in_order(tmp_path: Path, files: dict[str, str], note: str) -> None:
    assert _options(bundles.deployer(tmp_path, files))['note'] == note


@pytest.mark.parametrize(
    ('text', 'names'),
    [
        ('services: {web: {}}', ['services-file']),
        ('applications: {web: {}}', ['services-file']),
        ('relations: [[web, cache]]', ['services-file']),
        ('services: {services: {web: {}}}', ['services']),
        ('one: {services: {web: {}}}\ntwo: {services: {web: {}}}', ['one', 'two']),
        ('', []),
    ],
)
def test_formats_are_told_apart(tmp_path: Path, text: str, names: list[str]) -> None:
    assert list(bundles.deployments(tmp_path, {'services-file': text}).tree.data) == names


def test_any_file_of_version_4_switches_inheritance_off(tmp_path: Path) -> None:
    files = {
        'three': _v3(top='inherits: base, services: {web: {}}', base='services: {web: {options: {note: x}}}'),
        'four': 'services: {cache: {}}',
    }
    found = bundles.deployer(tmp_path, files, target='top')
    assert _options(found) == {}
    assert 'nothing is inherited: "four" is one deployment itself' in found.remarks[0].message


def test_two_files_of_version_4_are_two_deployments_and_one_without_a_target(tmp_path: Path) -> None:
    files = {'a': 'services: {web: {options: {note: a}}}', 'b': 'services: {web: {options: {note: b}}}'}
    assert _options(bundles.deployer(tmp_path, files, target='a')) == {'note': 'a'}
    assert _options(bundles.deployer(tmp_path, files)) == {'note': 'b'}


def test_applications_mean_services_with_a_remark(tmp_path: Path) -> None:
    for text, target in (('applications: {web: {}}', ''), (_v3(d='applications: {web: {}}'), 'd')):
        found = bundles.deployer(tmp_path, text, target=target)
        assert list(found.wanted.applications) == ['web']
        assert [remark.hint for remark in found.remarks] == ['Write services.']


@pytest.mark.parametrize(
    ('base', 'over', 'pairs'),
    [
        ('[[web, cache]]', '[[nrpe, web], [cache, web]]', ['cache - web', 'nrpe - web']),
        ('{web: {consumes: [cache]}}', '{web: {consumes: [nrpe, cache]}}', ['cache - web', 'nrpe - web']),
        (
            '{web: {weight: 9, consumes: [cache]}}',
            '{web: {weight: 1}, nrpe: {weight: 5, consumes: [web]}}',
            ['cache - web', 'nrpe - web'],
        ),
        (
            '{web: {weight: 1, consumes: [cache]}}',
            '{web: {weight: 9}, nrpe: {weight: 5, consumes: [web]}}',
            ['nrpe - web', 'cache - web'],
        ),
    ],
)
def test_relations_of_both_sides_are_kept(tmp_path: Path, base: str, over: str, pairs: list[str]) -> None:
    files = {'a': _v3(d=f'relations: {base}'), 'b': _v3(d=f'relations: {over}')}
    relations = bundles.deployer(tmp_path, files).wanted.relations
    assert [str(relation) for relation in relations] == pairs


def test_relations_of_two_kinds_cannot_be_merged(tmp_path: Path) -> None:
    files = {'a': 'd: {relations: [[web, cache]]}', 'b': 'd: {relations: {web: {consumes: [cache]}}}'}
    with pytest.raises(errors.Problems) as failure:
        bundles.deployer(tmp_path, files)
    (problem,) = failure.value.problems
    assert (problem.file, problem.line, problem.column) == ('b', 1, 5)
    assert 'cannot merge relations' in problem.message


def test_lists_other_than_relations_are_replaced(tmp_path: Path) -> None:
    files = {'a': _v3(d='services: {web: {to: [0, 1]}}'), 'b': _v3(d='services: {web: {to: [2]}}')}
    assert len(bundles.deployer(tmp_path, files).wanted.applications['web'].to) == 1


@pytest.mark.parametrize(
    ('own', 'first', 'second', 'above', 'note'),
    [
        ('own', 'first', 'second', 'above', 'own'),
        ('', 'first', 'second', 'above', 'first'),
        ('', '', 'second', 'above', 'above'),
        ('', '', 'second', '', 'second'),
    ],
)
def test_the_child_is_over_its_first_parent_with_ancestors_over_the_next(
    tmp_path: Path, own: str, first: str, second: str, above: str, note: str
) -> None:
    def services(text: str) -> str:
        return f'services: {{web: {{options: {{note: {text}}}}}}}' if text else 'services: {web: {}}'

    text = _v3(
        top=f'inherits: [first, second], {services(own)}',
        first=f'inherits: above, {services(first)}',
        second=services(second),
        above=services(above),
    )
    assert _options(bundles.deployer(tmp_path, text, target='top'))['note'] == note


@pytest.mark.parametrize(
    ('text', 'said'),
    [
        ('a: {inherits: a}', '1:5 deployment "a" inherits from itself | Take it out of its own ancestors.'),
        (
            'a: {inherits: b}\nb: {inherits: c}\nc:\n  inherits: a',
            '1:5 deployment "a" inherits from itself | Take it out of its own ancestors.',
        ),
        (
            'a: {inherits: ba}\nbat: {}',
            '1:5 there is no deployment "ba" | Did you mean "bat"? Deployments: a, bat.',
        ),
    ],
)
def test_parents_that_make_no_sense_are_a_problem(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(errors.Problems) as failure:
        bundles.deployer(tmp_path, text, target='a')
    assert bundles.said(failure.value.problems) == [said]


@pytest.mark.parametrize('target', ['', 'c'])
def test_a_deployment_that_is_not_there_is_told_with_those_that_are(tmp_path: Path, target: str) -> None:
    with pytest.raises(deployer.NoDeployment) as failure:
        bundles.deployer(tmp_path, 'a: {services: {}}\nb: {services: {}}\n', target=target)
    assert failure.value.problems[0].hint.endswith('Deployments: a, b.')


def test_overrides_beat_options_and_reach_only_charms_that_declare_them(tmp_path: Path) -> None:
    text = _v3(
        top='inherits: base, overrides: {port: 2, sise: 1}',
        base='overrides: {port: 1, note: n}, services: {web: {options: {port: 0}}, cache: {}}',
    )
    found = bundles.deployer(tmp_path, text, target='top')
    assert _options(found) == {'port': '2', 'note': 'n'}
    assert _options(found, 'cache') == {}
    assert bundles.said(found.remarks) == [
        '1:44 override "sise" has no effect: no charm of the bundle has that option | Did you mean "size"?'
    ]


def test_overrides_that_cannot_reach_a_charm_of_the_store_are_remarked(tmp_path: Path) -> None:
    found = bundles.deployer(tmp_path, 'services: {app: {charm: "ch:app"}}\noverrides: {port: 1}\n')
    assert bundles.said(found.remarks) == [
        (
            '2:1 overrides do not reach app: what options a charm of the store has is not known'
            ' | Write them as options of app.'
        )
    ]


def test_an_override_of_the_wrong_type_is_a_problem_where_it_is_written(tmp_path: Path) -> None:
    found = bundles.deployer(tmp_path, 'services: {web: {}}\noverrides:\n  port: many\n')
    assert bundles.said(found.problems) == [
        '3:3 option "port" of web takes int, and its value is not one | Write a whole number.'
    ]


@pytest.mark.parametrize(
    ('service', 'charm'),
    [
        ('web: {}', 'charms/web'),
        ('app: {charm: web}', 'charms/web'),
        ('app: {charm: "local:web"}', 'charms/web'),
        ('app: {charm: "local:noble/web"}', 'charms/web'),
        ('app: {charm: ./noble/web}', 'charms/web'),
        ('app: {charm_url: "local:web", charm: cache}', 'charms/web'),
        ('app: {charm: later}', 'repo/noble/later'),
        ('app: {charm: later, series: jammy}', 'repo/jammy/later'),
        ('app: {charm: "local:focal/later", series: jammy}', 'repo/focal/later'),
    ],
)
def test_charms_of_the_repository_are_found(tmp_path: Path, service: str, charm: str) -> None:
    found = bundles.deployer(tmp_path, f'services: {{{service}}}')
    (application,) = found.wanted.applications.values()
    assert application.charm == model.LocalCharm(path=tmp_path / charm)
    assert found.problems == ()


@pytest.mark.parametrize(
    ('service', 'charm', 'finding'),
    [
        ('charm: "ch:apache2"', model.StoreCharm(name='apache2'), ''),
        ('charm: apache2, channel: edge', model.StoreCharm(name='apache2', channel='edge'), ''),
        ('charm: "ch:a-3"', model.StoreCharm(name='a', revision=3), ''),
        (
            'charm: "ch:a", channel: edge, revision: 4',
            model.StoreCharm(name='a', channel='edge', revision=4),
            '',
        ),
        ('charm: "ch:a", revision: 4', model.StoreCharm(name='a', revision=4), 'needs a channel'),
        (
            'charm: "ch:a", channel: edge, revision: x',
            model.StoreCharm(name='a', channel='edge'),
            'revision "x"',
        ),
        (
            'charm: "cs:xenial/a-3"',
            model.StoreCharm(name='a'),
            'the old charm store is gone; "a" of Charmhub',
        ),
        ('charm: "cs:~me/a-3"', model.StoreCharm(name='a'), 'is of the old charm store, which is gone'),
        ('charm: "ch:a", branch: "git+https://x/a"', model.StoreCharm(name='a'), 'the branch has no effect'),
    ],
)
def test_charms_of_the_store(tmp_path: Path, service: str, charm: model.StoreCharm, finding: str) -> None:
    found = bundles.deployer(tmp_path, f'services: {{app: {{{service}}}}}')
    assert found.wanted.applications['app'].charm == charm
    findings = [*found.problems, *found.remarks]
    assert [finding in f.message for f in findings] == [True] * bool(finding)
    assert all(f.line == 1 and f.column for f in findings)


def test_a_branch_is_for_collect(tmp_path: Path) -> None:
    text = 'services:\n  web: {branch: "lp:web@4"}\n  gone: {branch: "lp:gone@4"}\n'
    found = bundles.deployer(tmp_path, text)
    assert bundles.said(found.remarks) == [
        '2:9 charm "web" of web is what collect brings: the branch has no effect | Leave the branch out.'
    ]
    assert bundles.said(found.problems) == [
        (
            '3:3 cannot find charm "gone" of gone | Branches are fetched by collect: add'
            ' "gone URL;revno=REVISION" to the collect file.'
        )
    ]


def test_names_that_no_file_can_have_are_those_of_missing_files(tmp_path: Path) -> None:
    name = 'x' * 300
    found = bundles.deployer(
        tmp_path,
        f'services: {{web: {{options: {{note: "include-file://{name}"}}}}, b: {{charm: {name}}}, '
        f'c: {{charm: /{name}}}, d: {{charm: ~nobody-here/x}}}}',
    )
    assert len(found.problems) == 4
    with pytest.raises(errors.Problems, match='cannot read services'):
        bundles.deployer(tmp_path, f'include-configs: {name}\n')


def test_an_absolute_charm_must_be_there(tmp_path: Path) -> None:
    bundles.shelf(tmp_path)
    text = f'services: {{a: {{charm: {tmp_path}/charms/web}}, b: {{charm: /gone/web}}}}'
    found = bundles.deployer(tmp_path, text)
    assert found.wanted.applications['a'].charm == model.LocalCharm(path=tmp_path / 'charms/web')
    assert [p.message for p in found.problems] == ['there is no charm at /gone/web for b']


@pytest.mark.parametrize(
    ('written', 'constraints', 'remarks'),
    [
        ('mem=2G cores=4', {'mem': '2G', 'cores': '4'}, 0),
        ('[mem=2G, cores=4 tags=a]', {'mem': '2G', 'cores': '4', 'tags': 'a'}, 0),
        ('{mem: 2G, cores: 4, tags: [a, b]}', {'mem': '2G', 'cores': '4', 'tags': 'a,b'}, 0),
        ('"tags=a,b mem=1024"', {'tags': 'a,b', 'mem': '1024'}, 0),
        ('"mem=2G,cores=4"', {'mem': '2G', 'cores': '4'}, 1),
        ('"mem=2G,tags=a,b,cores=4"', {'mem': '2G', 'tags': 'a,b', 'cores': '4'}, 1),
        ('cpu-cores=4', {'cores': '4'}, 1),
        ('mem=', {'mem': ''}, 0),
        ('', {}, 0),
    ],
)
def test_constraints_in_every_form(
    tmp_path: Path, written: str, constraints: dict[str, str], remarks: int
) -> None:
    found = bundles.deployer(tmp_path, f'services:\n  web:\n    constraints: {written}\n')
    assert found.wanted.applications['web'].constraints == constraints
    assert found.problems == ()
    assert len(found.remarks) == remarks


@pytest.mark.parametrize(
    ('entry', 'said'),
    [
        ('constraints: memm=2G', '3:5 unknown constraint "memm" | Did you mean "mem"?'),
        ('constraints: networks=a', '3:5 unknown constraint "networks" | Use spaces=NAME.'),
        ('constraints: mem=lots', '3:5 constraint "mem" cannot be "lots" | Write a size such as 512M or 2G.'),
        ('constraints: cores=2.5', '3:5 constraint "cores" cannot be "2.5" | Write a whole number.'),
        ('constraints: mem', '3:5 constraint "mem" has no value | Write k=v k=v.'),
        ('options: {prot: 1}', '3:15 charm of web has no option "prot" | Did you mean "port"?'),
        (
            'options: {port: x}',
            '3:15 option "port" of web takes int, and its value is not one | Write a whole number.',
        ),
        (
            'options: {fast: 3}',
            '3:15 option "fast" of web takes boolean, and its value is not one | Write true or false.',
        ),
        (
            'options: {share: x}',
            '3:15 option "share" of web takes float, and its value is not one | Write a number.',
        ),
        (
            'options: {note: [1]}',
            (
                '3:15 option "note" of web is a list or a mapping'
                ' | Write it as a text, such as a block after "|".'
            ),
        ),
        ('options: [port]', '3:5 options of web are not a mapping | Write options: {NAME: VALUE}.'),
        (
            'options: {note: include-file:///gone/x}',
            '3:15 cannot find the file of "include-file:///gone/x" | Put it at /gone/x.',
        ),
        ('num_units: -1', '3:5 num_units "-1" is not a number of units | Write a whole number.'),
        ('num_units: yes', '3:5 num_units "true" is not a number of units | Write a whole number.'),
        ('expose: maybe', '3:5 expose of web takes true or false, not "maybe" | Write true or leave it out.'),
        ('series: nobel', '3:5 unknown series "nobel" | Did you mean "noble"?'),
        ('series: focal', '3:5 charm "web" does not support series focal | It supports ubuntu@24.04.'),
        ('base: ubuntu', '3:5 "ubuntu" is not a base | Write a base such as ubuntu@24.04.'),
        (
            'base: ubuntu@20.04',
            '3:5 the charm does not support base ubuntu@20.04 | It supports ubuntu@24.04.',
        ),
        ('storage: {dta: 1G}', '3:15 charm of web knows no "dta" for storage | Did you mean "data"?'),
        ('storage: 1G', '3:5 storage of web is not a mapping | Write storage: {NAME: VALUE}.'),
        ('bindings: {pubic: x}', '3:16 charm of web knows no "pubic" for bindings | Did you mean "public"?'),
        ('resources: {sitee: 3}', '3:17 charm of web knows no "sitee" for resources | Did you mean "site"?'),
        ('resources: {site: /gone.tar}', '3:17 cannot find file "/gone.tar" of resource "site" of web'),
    ],
)
def test_what_is_wrong_with_an_application_has_its_place_and_a_way_out(
    tmp_path: Path, entry: str, said: str
) -> None:
    found = bundles.deployer(tmp_path, f'services:\n  web:\n    {entry}\n')
    assert bundles.said(found.problems) == [said]


@pytest.mark.parametrize(
    ('text', 'said'),
    [
        (
            "services:\n  web:\n    constraints': mem=1G\n",
            '3:5 key "constraints\'" of web is unknown and has no effect | Did you mean "constraints"?',
        ),
        (
            'services: {web: {}}\nmachine: {}\n',
            '2:1 key "machine" is unknown and has no effect | Did you mean "machines"?',
        ),
        (
            'services: {nrpe: {num_units: 2}}\n',
            (
                '1:19 nrpe is a subordinate, which has units beside those of others: num_units has no effect'
                ' | Leave num_units out.'
            ),
        ),
        (
            'services: {web: {build: make}}\n',
            (
                '1:18 the build command of web has no effect'
                ' | The phase build runs commands before a deployment.'
            ),
        ),
    ],
)
def test_what_has_no_effect_is_remarked(tmp_path: Path, text: str, said: str) -> None:
    found = bundles.deployer(tmp_path, text)
    assert bundles.said(found.remarks) == [said]
    assert found.problems == ()


def test_the_rest_of_an_application(tmp_path: Path) -> None:
    (tmp_path / 'site.tar').write_text('x')
    text = """
services:
  web:
    annotations: {gui-x: 1, on: yes}
    resources: {site: ./site.tar}
    bindings: {'': alpha, public: beta}
    storage: {data: 'loop,1G'}
    options: {port: , fast: no, share: 1}
    trust: true
"""
    found = bundles.deployer(tmp_path, text)
    web = found.wanted.applications['web']
    assert found.problems == ()
    assert web.num_units == 1
    assert web.annotations == {'gui-x': '1', 'on': 'true'}
    assert web.resources == {'site': str(tmp_path / 'site.tar')}
    assert web.bindings == {'': 'alpha', 'public': 'beta'}
    assert web.storage == {'data': 'loop,1G'}
    assert web.options == {'fast': 'false', 'share': '1'}
    assert web.trust


def test_included_values_are_the_bytes_of_the_first_file_found(tmp_path: Path) -> None:
    (tmp_path / 'x').write_text(' a\n')
    (tmp_path / 'sub').mkdir()
    (tmp_path / 'sub/x').write_text('b')
    (tmp_path / 'sub/y').write_bytes(b'\xff')
    files = {
        'a': 'include-configs: sub/b\nd: {services: {web: {options: {note: "include-file://{{ x }}"}}}}',
        '+sub/b': 'd: {services: {cache: {charm: later, options: {text: "include-file://x",'
        ' bytes: "include-base64://y"}}}}',
    }
    found = bundles.deployer(tmp_path, files, x=f'{tmp_path}/sub/x')
    assert found.problems == ()
    assert _options(found) == {'note': 'b'}
    assert _options(found, 'cache') == {'text': ' a\n', 'bytes': '/w=='}


@pytest.mark.parametrize(
    ('relations', 'pairs', 'problems'),
    [
        ('[[a, b], ["b", "a"], [a, [b, c]]]', ['a - b', 'a - c'], []),
        ('[["a:x", "b:y"], ["a:x", "b:z"]]', ['a:x - b:y', 'a:x - b:z'], []),
        (
            '[[a]]',
            [],
            [
                (
                    '5:15 relation 1 is not a pair of endpoints'
                    ' | Write ["application:endpoint", "other:endpoint"].'
                )
            ],
        ),
        ('[[a, {b: c}], ab]', [], 2),
        ('{a: {weight: 1, consumes: [b, c]}, d: {weight: 2, consumes: a}}', ['a - d', 'a - b', 'a - c'], []),
        ('{a: {weight: x}}', [], ['5:19 weight "x" is not a number | Write a whole number.']),
        ('no', [], 1),
    ],
)
def test_relations_in_every_form(
    tmp_path: Path, relations: str, pairs: list[str], problems: list[str] | int
) -> None:
    text = f'\nx:\n  services: {{}}\n  # here\n  relations: {relations}\n'
    found = bundles.deployer(tmp_path, text)
    assert [str(relation) for relation in found.wanted.relations] == pairs
    assert (bundles.said(found.problems) if isinstance(problems, list) else len(found.problems)) == problems


@pytest.mark.parametrize(
    ('text', 'said'),
    [
        (
            'include-configs: gone\n',
            '1:1 cannot find the included bundle "gone" | Names are relative to services.',
        ),
        (
            'include-configs: ["https://x/y"]\n',
            '1:19 cannot include "https://x/y": bundles are not fetched | Keep it in the spec.',
        ),
        (
            'a: {}\n---\nb: {}\n',
            (
                '0:0 a deployer bundle is one YAML document; this file has several'
                ' | Use the phase bundle for bundles with overlay documents.'
            ),
        ),
        ('a: &x {b: *x}\n', '1:4 not valid YAML: it contains itself'),
        ('? [a]\n: b\n', '1:3 not valid YAML: a key is not a text'),
        ('a: !!int x\n', "0:0 not valid YAML: invalid literal for int() with base 10: 'x'"),
        ('a: [\n', '2:1 not valid YAML: did not find expected node content'),
    ],
)
def test_files_that_cannot_be_read(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(errors.Problems) as failure:
        bundles.deployer(tmp_path, text)
    assert bundles.said(failure.value.problems) == [said]

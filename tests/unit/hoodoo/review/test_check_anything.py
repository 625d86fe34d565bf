"""Whatever stands in a spec's files, a check ends with findings, each at a place that is in its file."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping
from pathlib import Path

import yaml
from hypothesis import example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from bedrock import errors
from hoodoo import settings
from hoodoo.cli import findings_text
from hoodoo.review import request, survey

CHARM = """
name: web
requires: {backend: {interface: http}}
provides: {site: {interface: http}}
config: {options: {port: {type: int, default: 80}, on: {type: boolean}, ratio: {type: float}}}
"""

# Each example writes and reads files: how long that takes says nothing about the code.
hypothesis_settings.register_profile('files', deadline=None, max_examples=60)
_few = hypothesis_settings.get_profile('files')

_text = st.text(st.characters(exclude_categories=['Cs']), max_size=60)
_words = st.sampled_from(
    [
        *(
            'collect',
            'deploy',
            'script',
            'verify',
            'sleep',
            'juju-check-wait',
            'nagios-check',
            'build',
            'bundle',
        ),
        *(
            'config=b',
            'config=c',
            'config=manifest',
            'config=../b',
            'target=t',
            'local=b',
            'wait=False',
            'A=b',
        ),
        *(
            'config=',
            'timeout=1',
            'include',
            'config=' + 'x' * 300,
            '${A}',
            '${A:-b}',
            '${',
            "'",
            '"',
            '\\',
            '=',
        ),
        *(
            '#',
            '\n',
            '\n',
            '\n',
            '\t',
            '\ufeff',
            '\x00',
            '@',
            ';',
            'web ../web',
            'web',
            'a/b',
            'lp:x',
            'cs:y',
            '/',
        ),
    ]
)
_lines = st.one_of(_text, st.lists(_words, max_size=14).map(' '.join))

_scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-5, 5),
    st.floats(),
    st.sampled_from(
        ['web', 'web:site', 'db', 'lxd:web/0', 'new', 'mem=1G', '../web', 'local:web', 'ch:web', '']
    ),
    st.sampled_from(
        ['include-file://b', 'include-base64:///', 'trusty', 'ubuntu@24.04', 't', 'u', '{{ x }}']
    ),
    _text,
)
_keys = st.one_of(
    st.sampled_from(
        [
            *(
                'services',
                'applications',
                'relations',
                'overrides',
                'inherits',
                'series',
                'machines',
                'web',
                'db',
            ),
            *(
                'charm',
                'num_units',
                'options',
                'constraints',
                'to',
                'expose',
                'annotations',
                'resources',
                'base',
            ),
            *(
                'bindings',
                'storage',
                'revision',
                'channel',
                'port',
                'on',
                't',
                'u',
                'include-config',
                'weight',
            ),
        ]
    ),
    st.sampled_from([1, True, None, 2.5]),
    _text,
)
_trees = st.recursive(
    _scalars, lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(_keys, inner, max_size=5))
)
_services = st.dictionaries(
    st.sampled_from(['web', 'db', 'x']), st.dictionaries(_keys, _trees, max_size=5), max_size=3
)
_deployments = st.fixed_dictionaries(
    {},
    optional={
        'services': st.one_of(_services, _trees),
        'relations': _trees,
        'series': _scalars,
        'to': _trees,
    },
)
_bundles = st.one_of(_trees, _deployments, st.dictionaries(st.sampled_from(['t', 'u']), _deployments)).map(
    lambda tree: yaml.safe_dump(tree, allow_unicode=True)
)
_pieces = st.lists(
    st.one_of(
        _text,
        st.sampled_from(
            [
                *(
                    '{{ a }}',
                    '{{ series }}',
                    '{% if a %}\n',
                    '{% endif %}\n',
                    '{% for a in [1, 2] -%}\n',
                    '{#\n#}',
                ),
                *(
                    '{% endfor %}',
                    '{{ 1 / 0 }}',
                    '{{ a.b }}',
                    '{% include "b" %}',
                    'services:\n',
                    '  web:\n',
                    '{{',
                ),
                *(
                    '    options: {prot: 1}\n',
                    '&a [*a]\n',
                    '2024-13-01: 1\n',
                    '<<: 1\n',
                    '!!python/none x\n',
                    '\t',
                ),
            ]
        ),
    ),
    max_size=10,
).map(''.join)


def _check(files: Mapping[str, str | bytes]) -> None:
    with tempfile.TemporaryDirectory() as name:
        root = Path(name, 'spec')
        (root.parent / 'web').mkdir()
        (root.parent / 'web/charmcraft.yaml').write_text(CHARM)
        root.mkdir()
        for file, content in files.items():
            (root / file).write_bytes(content if isinstance(content, bytes) else content.encode())
        loaded = settings.load({'HOME': name, 'PATH': '/usr/bin:/bin'})
        try:
            done = survey.check_all(request.Given(spec=str(root)), loaded)
        except errors.UsageFault:
            return
        for found in done.findings:
            _has_its_place(found.problem)
        assert list(findings_text.text(done.findings)) or not done.findings


def _has_its_place(problem: errors.Problem) -> None:
    assert problem.message
    text = Path(problem.file).read_bytes().decode(errors='replace')
    # Manifests and collect files have the lines that editors show; templates those of any system, and YAML
    # knows more ends of lines.
    ways = (text.split('\n'), re.split('\r\n|\r|\n', text), [*text.splitlines(), ''])
    assert not problem.line or any(_inside(problem, lines) for lines in ways)


def _inside(problem: errors.Problem, lines: list[str]) -> bool:
    # One past the end is where something is missing.
    return problem.line <= len(lines) and problem.column <= len(lines[problem.line - 1]) + 1


@_few
@given(_lines)
def test_any_manifest(manifest: str) -> None:
    _check({'manifest': manifest, 'b': 'services: {web: {}}', 'c': 'web ../web\n'})


@_few
@given(st.binary(max_size=40), st.binary(max_size=40), st.binary(max_size=40))
def test_any_bytes(manifest: bytes, collect: bytes, bundle: bytes) -> None:
    _check({'manifest': manifest, 'c': collect, 'b': bundle})
    _check({'manifest': 'collect config=c\ndeploy config=b', 'c': collect, 'b': bundle})


@_few
@given(_lines)
def test_any_collect_file(collect: str) -> None:
    _check({'manifest': 'collect config=c\n', 'c': collect})


@hypothesis_settings(max_examples=120, deadline=None)
@given(_bundles)
@example(
    yaml.safe_dump({'services': {'web': {'options': 3, 'to': {'a': 1}, 'constraints': 4, 'num_units': None}}})
)
@example(yaml.safe_dump({'t': {'inherits': 't'}}))
@example(yaml.safe_dump({'relations': {'web': {'weight': 'x', 'consumes': 3}}, 'services': {'web': {}}}))
@example(yaml.safe_dump({'include-configs': ['b', 3, None]}))
@example('a: &a {b: *a}\n')
@example('services: {web: {options: {port: !!int }}}\n')
@example('services: {web: {options: {port: include-file://b, caf\u00e9: 1}}}\n')
@example('[' * 50_000)
@example('- ' * 50_000)
def test_any_bundle(bundle: str) -> None:
    _check({'manifest': 'collect config=c\ndeploy config=b\n', 'c': 'web ../web\n', 'b': bundle})


@_few
@given(_pieces)
@example('\x1e\r0{{')
def test_any_template(bundle: str) -> None:
    _check({'manifest': 'collect config=c\ndeploy config=b\n', 'c': 'web ../web\n', 'b': bundle})


def test_the_strategies_make_what_is_meant() -> None:
    """Bundles of the strategy are read as deployments with services, or this would test YAML alone."""
    found: list[bool] = []

    @hypothesis_settings(max_examples=50, database=None)
    @given(_bundles)
    def look(bundle: str) -> None:
        read: object = yaml.safe_load(bundle)
        found.append(isinstance(read, dict) and any(key in read for key in ('services', 't', 'u')))

    look()
    assert any(found)

"""Whatever a bundle holds, it becomes a model or problems, never anything else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bedrock import errors
from hoodoo.bundle.reading import deployer, native, tree
from hoodoo.bundle.wanted import charms, resolve
from tests.unit.hoodoo.bundle import bundles

EXAMPLES = 40
KEYS = st.sampled_from(
    (
        *('services', 'applications', 'relations', 'overrides', 'machines', 'inherits', 'series', 'saas'),
        *('web', 'cache', 'nrpe', 'charm', 'num_units', 'options', 'port', 'constraints', 'to', 'expose'),
        *('storage', 'bindings', 'resources', 'annotations', 'revision', 'channel', 'base', 'weight'),
        *('consumes', 'default-base', 'trust', 'branch', 'include-configs'),
    )
)
SCALARS = st.none() | st.booleans() | st.integers(-2, 3) | st.floats(0, 2)
WORDS = st.sampled_from(
    (
        'web',
        'cache',
        'web:backend',
        'ch:web',
        'cs:~x/y',
        './noble/web',
        'mem=2G',
        'lxd:web/0',
        '',
        ':',
        '=',
        '/',
    )
)
VALUES = st.recursive(
    SCALARS | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=20,
)
APPLICATIONS = st.dictionaries(
    st.sampled_from(['web', 'cache', 'nrpe']), st.dictionaries(KEYS, VALUES, max_size=5) | VALUES, max_size=3
)
PIECES = (
    *('{{ x }}', '{{ y }}', '{% if x %}', '{% endif %}', '{%- if y -%}', '{% for n in x %}', '{% endfor %}'),
    *(
        '{# c',
        '#}',
        '{{',
        '}}',
        '\n',
        '\r\n',
        '\n  ',
        ': ',
        'a',
        '- ',
        '&a ',
        '*a',
        '<<',
        '[',
        ']',
        '? ',
        '!!int ',
    ),
    *('---\n', '"', "'", '|', '>', 'services', 'relations', '\t', '\ue0f0', '\x85', '\u2028'),
)
BUNDLES = st.fixed_dictionaries(
    {},
    optional={
        'services': APPLICATIONS,
        'applications': APPLICATIONS,
        'relations': VALUES,
        'overrides': VALUES,
    },
)


@pytest.fixture(scope='module')
def shelf(tmp_path_factory: pytest.TempPathFactory) -> charms.Shelf:
    return bundles.shelf(tmp_path_factory.mktemp('charms'))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=EXAMPLES)
@given(BUNDLES | st.dictionaries(KEYS, VALUES), BUNDLES, st.sampled_from(['', 'web']))
def test_a_bundle_becomes_a_model_or_problems(
    tmp_path: Path, shelf: charms.Shelf, one: dict[str, Any], other: dict[str, Any], target: str
) -> None:
    files = [tmp_path / 'one', tmp_path / 'other']
    for file, data in zip(files, (one, other), strict=True):
        file.write_text(json.dumps(data))
    for read in (deployer.load, native.read):
        try:
            found = resolve.resolve(read(files, {}), target, shelf=shelf, series='noble')
        except errors.Problems as err:
            problems = err.problems
        else:
            problems = (*found.problems, *found.remarks)
        for problem in problems:
            assert problem.message
            assert problem.file


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=EXAMPLES)
@given(st.lists(st.sampled_from(PIECES) | st.text(max_size=3), max_size=12).map(''.join))
def test_any_text_is_a_deployment_or_a_problem(tmp_path: Path, text: str) -> None:
    (tmp_path / 'one').write_text(text, encoding='utf-8', errors='replace')
    problems: tuple[errors.Problem, ...] = ()
    places: list[tree.Place] = []
    try:
        places += deployer.load([tmp_path / 'one'], {'x': 'a\nb: 1'}).tree.data.places.values()
    except errors.Problems as err:
        problems = err.problems
    assert all(found.file for found in (*problems, *places))

"""Bundles as templates: what they see, and that problems name the template's own lines and columns."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from bedrock import errors
from hoodoo.bundle.reading import templates, tree


def _rendered(
    folder: Path, text: str, *, lookup: tuple[Path, ...] = (), **variables: str
) -> templates.Rendered:
    (folder / 'bundle').write_text(text)
    return templates.render(folder / 'bundle', variables, folders=lookup, shown=lambda path: path.name)


def _loaded(rendered: templates.Rendered) -> tree.Tree:
    (found,) = tree.load(rendered.text, file='bundle', locate=rendered.locate)
    return found


def _places(node: object, at: tree.Path = ()) -> dict[tree.Path, tree.Place]:
    """Every place in a document."""
    found: dict[tree.Path, tree.Place] = {}
    if isinstance(node, tree.Table):
        for key, value in node.items():
            found |= {(*at, key): node.places[key], **_places(value, (*at, key))}
    elif isinstance(node, tree.Row):
        for index, value in enumerate(node):
            found |= {(*at, str(index)): node.places[index], **_places(value, (*at, str(index)))}
    return found


PLAIN = 'a: 1\nb:\n  c: {d: 2, e: 3}\n  f:\n  - g\n  - h: i\n'


def test_places_of_a_text_without_templates(tmp_path: Path) -> None:
    places = _places(_loaded(_rendered(tmp_path, PLAIN)).data)
    assert {'/'.join(path): (place.line, place.column) for path, place in places.items()} == {
        'a': (1, 1),
        'b': (2, 1),
        'b/c': (3, 3),
        'b/c/d': (3, 7),
        'b/c/e': (3, 13),
        'b/f': (4, 3),
        'b/f/0': (5, 5),
        'b/f/1': (6, 5),
        'b/f/1/h': (6, 5),
    }


@pytest.mark.parametrize(
    ('text', 'key', 'line', 'column'),
    [
        ('a: {{ x }}\nkey: 1\n', 'key', 2, 1),
        ('{% if x %}\nkey: 1\n{% endif %}\n', 'key', 2, 1),
        ('a: 1\n{%- if x %}\nkey: 1\n{%- endif %}\n', 'key', 3, 1),
        ('{# three\n   lines\n#}\nkey: 1\n', 'key', 4, 1),
        ('{% for n in "ab" %}\nk{{ n }}: 1\n{% endfor %}\nkey: 1\n', 'kb', 2, 1),
        ('{% for n in "ab" %}\nk{{ n }}: 1\n{% endfor %}\nkey: 1\n', 'key', 4, 1),
        ('{% set y = 3 -%}\n\n   key: {{ y }}\n', 'key', 3, 4),
        ('{% macro m(n) %}\n{{ n }}: {k: 1}\n{% endmacro %}\n{{ m("a") }}\n{{ m("key") }}\n', 'key', 2, 1),
        ('{% if x %}{a: {{ x }}, key: 2}{% endif %}\n', 'key', 1, 24),
        ('{% raw %}\nkey: "{{ x }}"\n{% endraw %}\n', 'key', 2, 1),
        ('a: {{ x }}\r\n{% if x %}\r\nkey: 1\r\n{% endif %}', 'key', 3, 1),
        ('a: "{{ x }}"\n{% if x == "1" %}b: 1{% endif %}\n{{ "key" }}: 1\n', 'key', 3, 1),
    ],
)
def test_a_place_is_the_template_s(tmp_path: Path, text: str, key: str, line: int, column: int) -> None:
    places = _loaded(_rendered(tmp_path, text, x='1')).data.places
    assert places[key] == ('bundle', line, column)


def test_a_template_that_measures_its_own_text_is_placed_by_its_file_alone(tmp_path: Path) -> None:
    text = '{% set t %}\nab\n{% endset %}\nkey: {{ t | length }}\n'
    loaded = _loaded(_rendered(tmp_path, text))
    assert loaded.data == {'key': 4}
    assert loaded.data.places['key'] == ('bundle', 0, 0)


def test_macros_and_includes_come_from_the_lookup_directories(tmp_path: Path) -> None:
    stage = tmp_path / 'spec' / 'ci'
    stage.mkdir(parents=True)
    (stage.parent / 'macros').write_text('\n{% macro port(n) %}port: {{ n }}{% endmacro %}\n')
    (stage.parent / 'part').write_text('\npart: {inner: {{ x }}}\n')
    text = '{% from "macros" import port %}\n{% include "part" %}\nall: {{ "{" }}{{ port(3) }}{{ "}" }}\n'
    loaded = _loaded(_rendered(stage, text, lookup=(stage, stage.parent), x='1'))
    assert loaded.data == {'part': {'inner': 1}, 'all': {'port': 3}}
    assert loaded.data.places['part'] == ('part', 2, 1)
    assert loaded.at(('part', 'inner')) == ('part', 2, 8)
    assert loaded.at(('all', 'port')) == ('macros', 2, 20)


def test_unset_variables_render_as_nothing_and_are_remarked_once_a_place(tmp_path: Path) -> None:
    text = 'a: "{{ y }}"\n{% for n in "ab" %}\n{{ n }}x: "{{ 1 }}{{ z }}"\n{% endfor %}\nb: {{ y }}\n'
    rendered = _rendered(tmp_path, text)
    assert _loaded(rendered).data == {'a': '', 'ax': '1', 'bx': '1', 'b': None}
    assert [(p.line, p.column, p.message) for p in rendered.remarks] == [
        (1, 8, 'variable "y" is not set and renders as nothing'),
        (3, 22, 'variable "z" is not set and renders as nothing'),
        (5, 7, 'variable "y" is not set and renders as nothing'),
    ]


@pytest.mark.parametrize(
    ('text', 'line', 'message'),
    [
        ('a: 1\n{% if %}\n', 2, 'cannot read the template: '),
        ('a: 1\n{{ x.y.z }}\n', 2, 'cannot render the template: '),
        ('a: 1\n\n{{ 1 / 0 }}\n', 3, 'cannot render the template: division by zero'),
        ('a: 1\n{% include "gone" %}\n', 2, 'there is no template "gone" to include'),
        ('a: 1\n{% for x in 5 %}{% endfor %}\n', 2, 'cannot render the template: '),
        ('{% macro m() %}{{ m() }}{% endmacro %}\n{{ m() }}\n', 1, 'cannot render the template: '),
        ('a: {{ "x\\ny: [" }}\n', 2, 'not valid YAML: '),
    ],
)
def test_a_template_that_cannot_be_rendered_is_a_problem_at_its_line(
    tmp_path: Path, text: str, line: int, message: str
) -> None:
    with pytest.raises(errors.Problems) as failure:
        _loaded(_rendered(tmp_path, text))
    (problem,) = failure.value.problems
    assert (problem.file, problem.line) == ('bundle', line)
    assert problem.message.startswith(message)


def test_a_file_that_is_no_text_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / 'bundle').write_bytes(b'\xff\xfe')
    for name, said in (('bundle', 'not UTF-8 text: byte 0xff'), ('gone', 'No such file')):
        with pytest.raises(errors.Problems) as failure:
            templates.render(tmp_path / name, {}, folders=(), shown=str)
        assert said in failure.value.problems[0].message


def test_values_are_read_as_yaml_reads_them(tmp_path: Path) -> None:
    text = (
        'a: &x {b: 0644, c: 1e3, d: yes, e: ~, f: 2020-01-01, g: "1", h: 1_000, i: .5, j: 0x1f}\n'
        'k: {<<: *x, b: 1}\nl: [*x, [], {}, ""]\nm: |\n  text\n\nn: !!str 1\no: 12:30:00\np: on\n'
    )
    assert _loaded(_rendered(tmp_path, text)).data == yaml.safe_load(text)

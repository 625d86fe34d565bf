"""Merging documents, whatever they hold."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bedrock import errors
from hoodoo.bundle.reading import tree

KEYS = st.sampled_from(['a', 'b', 'c', 'services', 'relations'])
SCALARS = st.none() | st.integers(0, 3) | st.sampled_from(['x', 'y'])
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=12,
)
DOCUMENTS = st.dictionaries(KEYS, VALUES, max_size=4)


def _plain(value: Any) -> Any:
    """*value* without the key relations, whose kinds may not meet."""
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items() if key != 'relations'}  # pyright: ignore[reportUnknownVariableType]
    return [_plain(inner) for inner in value] if isinstance(value, list) else value  # pyright: ignore[reportUnknownVariableType]


def _table(document: dict[str, Any]) -> tree.Table:
    (found,) = tree.load(json.dumps(document), file='f')
    return found.data


@given(DOCUMENTS, DOCUMENTS, DOCUMENTS)
def test_merging_in_order_is_merging_what_was_merged(
    one: dict[str, Any], two: dict[str, Any], three: dict[str, Any]
) -> None:
    a, b, c = (_table(_plain(document)) for document in (one, two, three))
    if not _kinds_change(a, b, c):
        assert tree.merge(tree.merge(a, b), c) == tree.merge(a, tree.merge(b, c))


def _kinds_change(*documents: Any) -> bool:
    """Whether a key is a mapping in one and none in another: what is under it depends on the order then."""
    keys = {key for document in documents for key in document}
    for key in keys:
        values = [document[key] for document in documents if key in document]
        tables = [isinstance(value, dict) for value in values]
        if any(tables) and (not all(tables) or _kinds_change(*values)):
            return True
    return False


@given(DOCUMENTS, DOCUMENTS)
def test_merging_never_fails_but_for_relations_of_two_kinds(one: dict[str, Any], two: dict[str, Any]) -> None:
    base, over = _table(one), _table(two)
    before = (json.dumps(base), json.dumps(over))
    merged: tree.Table | None = None
    with contextlib.suppress(errors.Problems):
        merged = tree.merge(base, over)
    if merged is None:
        assert 'relations' in json.dumps(base)
        assert 'relations' in json.dumps(over)
    else:
        assert merged.keys() == base.keys() | over.keys()
        assert merged.places.keys() >= merged.keys()
    assert (json.dumps(base), json.dumps(over)) == before


@given(DOCUMENTS)
def test_nothing_merged_with_a_document_is_that_document(document: dict[str, Any]) -> None:
    table = _table(document)
    assert tree.merge(tree.Table(), table) == table
    assert tree.merge(table, tree.Table()) == table


@pytest.mark.parametrize(
    ('base', 'over', 'merged'),
    [
        ({'relations': [1, 2]}, {'relations': [2, 3]}, {'relations': [1, 2, 2, 3]}),
        ({'a': {'relations': [1]}}, {'a': {'relations': [2]}}, {'a': {'relations': [1, 2]}}),
        ({'relations': {'x': [1, 2]}}, {'relations': {'x': [2, 3]}}, {'relations': {'x': [1, 2, 3]}}),
        (
            {'relations': {'x': {'weight': 1}}},
            {'relations': {'x': {'weight': 2}}},
            {'relations': {'x': {'weight': 1}}},
        ),
        ({'relations': None}, {'relations': [1]}, {'relations': [1]}),
        ({'a': [1]}, {'a': [2]}, {'a': [2]}),
        ({'a': {'b': 1}}, {'a': {'c': 2}}, {'a': {'b': 1, 'c': 2}}),
        ({'a': {'b': 1}}, {'a': None}, {'a': None}),
    ],
)
def test_the_rule(base: dict[str, Any], over: dict[str, Any], merged: dict[str, Any]) -> None:
    assert tree.merge(_table(base), _table(over)) == merged

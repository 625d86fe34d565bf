"""YAML documents that remember where each of their parts was written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

import yaml

from bedrock import errors

Path = tuple[str, ...]

_DEPTH = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """A mapping, and the file and line of the parts that are known."""

    data: Mapping[str, Any] = field(default_factory=dict[str, Any])
    places: Mapping[Path, tuple[str, int]] = field(default_factory=dict[Path, tuple[str, int]])

    def below(self, key: str) -> Tree:
        """The part under *key*; empty when that is no mapping."""
        return Tree(
            data=mapping(self.data.get(key)),
            places={path[1:]: place for path, place in self.places.items() if path[:1] == (key,)},
        )

    def under(self, key: str) -> Tree:
        """This tree as the only part of another, under *key*."""
        return Tree(
            data={key: self.data}, places={(key, *path): place for path, place in self.places.items()}
        )

    def without(self, *keys: str) -> Tree:
        """This tree less its top-level *keys*."""
        return Tree(
            data={key: value for key, value in self.data.items() if key not in keys},
            places={path: place for path, place in self.places.items() if not path or path[0] not in keys},
        )

    def problem(self, path: Path, message: str, *, hint: str = '') -> errors.Problem:
        """A problem at *path*, or at the nearest part above it whose place is known."""
        for length in range(len(path), -1, -1):
            if path[:length] in self.places:
                file, line = self.places[path[:length]]
                return errors.Problem(file=file, line=line, message=message, hint=hint)
        return errors.Problem(message=message, hint=hint)


def load(text: str, *, file: str) -> Tree:
    """Read one YAML mapping.

    Raises:
        Problems: it is not valid YAML, or not a mapping.
    """
    loader = yaml.SafeLoader(text)
    try:
        node = loader.get_single_node()
        places = {path: (file, line) for path, line in _lines(node)} if node is not None else {}
        data: object = yaml.safe_load(text) if node is not None else {}
    except yaml.MarkedYAMLError as err:
        line = err.problem_mark.line + 1 if err.problem_mark else 0
        raise _refused(file, f'not valid YAML: {err.problem}', line) from None
    except yaml.YAMLError as err:
        raise _refused(file, f'not valid YAML: {err}') from None
    finally:
        loader.dispose()
    if not isinstance(data, dict):
        raise _refused(file, 'not a mapping')
    return Tree(data=cast('dict[str, Any]', data), places={(): (file, 0), **places})


def merge(base: Tree, over: Tree) -> Tree:
    """Deployer's merge: mappings deeply, *over* wins, but ``relations`` of both are kept, *base* first."""
    return Tree(data=_merge(base.data, over.data), places={**base.places, **over.places})


def mapping(value: object) -> dict[str, Any]:
    """*value* if it is a mapping, else an empty one; keys become text."""
    if not isinstance(value, dict):
        return {}
    return {str(key): entry for key, entry in cast('dict[object, Any]', value).items()}


def _merge(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in over.items():
        if key not in merged:
            merged[key] = value
        elif isinstance(merged[key], dict) and isinstance(value, dict):
            merged[key] = _merge(mapping(merged[key]), mapping(cast('object', value)))
        elif key == 'relations' and isinstance(merged[key], list) and isinstance(value, list):
            merged[key] = [*cast('list[Any]', merged[key]), *cast('list[Any]', value)]
        else:
            merged[key] = value
    return merged


def _lines(node: yaml.Node, at: Path = ()) -> Iterator[tuple[Path, int]]:
    if len(at) > _DEPTH:
        return
    if isinstance(node, yaml.MappingNode):
        for key, value in cast('list[tuple[yaml.Node, yaml.Node]]', node.value):
            path = (*at, str(key.value))
            yield path, key.start_mark.line + 1
            yield from _lines(value, path)
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(cast('list[yaml.Node]', node.value)):
            path = (*at, str(index))
            yield path, value.start_mark.line + 1
            yield from _lines(value, path)


def _refused(file: str, message: str, line: int = 0) -> errors.Problems:
    return errors.Problems(f'cannot read {file}', [errors.Problem(file=file, line=line, message=message)])

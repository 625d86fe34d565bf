"""YAML that a stranger wrote: read within bounds, so that no document takes the reader down.

A document of a few lines can stand for billions of values (aliases of aliases), for itself, or for a number
with a million digits. What is returned here is small, finite and all text that can be stored.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

import yaml

from bedrock import errors, yamltext

MAX_BYTES = 4 * 2**20
"""A longer document is refused."""
_MAX_VALUES = 200_000
_MAX_DEPTH = 64


class YamlFault(errors.UsageFault):
    """A document is no YAML mapping, or more than a reader should take."""


def mapping(data: bytes, what: str) -> dict[str, Any]:
    """Return the mapping in *data*; an empty document is an empty one.

    Args:
        what: The document's name, which begins the error's text.

    Raises:
        YamlFault: it is anything else.
    """
    if len(data) > MAX_BYTES:
        raise YamlFault(f'{what} is larger than {MAX_BYTES} bytes')
    try:
        loaded = _load(data.decode(), what)
    except UnicodeDecodeError as err:
        raise YamlFault(f'{what} is not UTF-8 text') from err
    except RecursionError as err:
        raise YamlFault(f'{what} is nested too deeply') from err
    # PyYAML lets through what Python's constructors say: a date in month 13, an int of 5000 digits.
    except (yaml.YAMLError, ValueError, OverflowError, TypeError, AttributeError, LookupError) as err:
        raise YamlFault(f'{what} is not valid YAML: {_line(err)}') from err
    if loaded is None:
        return {}
    if not isinstance(loaded, dict):
        raise YamlFault(f'{what} is not a mapping')
    return {str(key): value for key, value in cast('dict[Any, Any]', loaded).items()}


def _load(text: str, what: str) -> object:
    loader = yamltext.with_text_keys(yamltext.safe_loader(text))(text)
    try:
        node = loader.get_single_node()
        if node is None:
            return None
        _check(node, what)
        return loader.construct_document(node)
    finally:
        loader.dispose()


def _check(root: yaml.Node, what: str) -> None:
    """Refuse what would be too large once every alias is written out; each node is looked at once."""
    sizes: dict[int, int] = {}
    open_: set[int] = set()

    def size(node: yaml.Node, depth: int) -> int:
        key = id(node)
        if key in sizes:
            return sizes[key]
        if key in open_:
            raise YamlFault(f'{what} contains itself')
        if depth > _MAX_DEPTH:
            raise YamlFault(f'{what} is nested too deeply')
        if isinstance(node, yaml.ScalarNode) and not _storable(str(node.value)):
            raise YamlFault(f'{what} holds text that is not Unicode')
        open_.add(key)
        sizes[key] = 1 + sum(size(child, depth + 1) for child in _children(node))
        open_.discard(key)
        if sizes[key] > _MAX_VALUES:
            raise YamlFault(f'{what} stands for more than {_MAX_VALUES} values')
        return sizes[key]

    size(root, 0)


def _children(node: yaml.Node) -> Iterator[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        for key, value in cast('list[tuple[yaml.Node, yaml.Node]]', node.value):
            yield key
            yield value
    elif isinstance(node, yaml.SequenceNode):
        yield from cast('list[yaml.Node]', node.value)


def _storable(text: str) -> bool:
    return '\0' not in text and not any('\ud800' <= char <= '\udfff' for char in text)


def _line(err: BaseException) -> str:
    return ' '.join(str(err).split())[:300]

"""YAML for people, as Go's library has it: blocks, texts of several lines as they are, keys as texts."""

from __future__ import annotations

import functools
import re
from typing import Any

# Where a line's own text begins: each level of nested blocks starts further to the right.
_INDENT = re.compile(r'^[ \t]*(?:[-?:][ \t]+)*', re.MULTILINE)
_SAFE_DEPTH = 2_000


def dump(value: object, *, sort_keys: bool = False) -> str:
    """Return *value* as block YAML; a scalar is one line without an end mark."""
    import yaml  # takes as long as a whole client command does otherwise, and few need it

    base: Any = getattr(yaml, 'CSafeDumper', yaml.SafeDumper)

    class Dumper(base): ...

    def text(dumper: Any, data: str) -> Any:
        return dumper.represent_scalar('tag:yaml.org,2002:str', data, style='|' if '\n' in data else None)

    Dumper.add_representer(str, text)
    dumped: str = yaml.dump(
        value, Dumper=Dumper, sort_keys=sort_keys, default_flow_style=False, allow_unicode=True, width=2**20
    )
    return dumped.removesuffix('...\n')


def load(text: str) -> object:
    """Return the one document of *text*, with every key as it is written: ``on`` is a name, not a truth.

    Raises:
        yaml.YAMLError: it is not YAML.
    """
    import yaml

    return yaml.load(text, _text_key_loader())  # noqa: S506 - it is a safe loader


def load_all(text: str) -> list[object]:
    """Return the documents of *text*, with keys as `load` has them.

    Raises:
        yaml.YAMLError: it is not YAML.
    """
    import yaml

    return list(yaml.load_all(text, _text_key_loader()))


def safe_loader(text: str) -> Any:
    """Return the quickest safe loader class for *text*.

    The one in C is ten times as fast, but at a depth of some ten thousand it takes the whole process down,
    where the one in Python raises a RecursionError.
    """
    import yaml

    flows = text.count('[') + text.count('{')
    blocks = max((found.end() - found.start() for found in _INDENT.finditer(text)), default=0)
    if flows + 2 * blocks > _SAFE_DEPTH:
        return yaml.SafeLoader
    return getattr(yaml, 'CSafeLoader', yaml.SafeLoader)


def _text_key_loader() -> Any:
    import yaml

    return with_text_keys(getattr(yaml, 'CSafeLoader', yaml.SafeLoader))


@functools.cache
def with_text_keys(base: Any) -> Any:
    """Return the loader class *base* with keys as `load` has them."""
    import yaml

    class Loader(base):
        def flatten_mapping(self, node: Any) -> None:
            base.flatten_mapping(self, node)  # merge keys are in place from here on
            for key, _ in node.value:
                if isinstance(key, yaml.ScalarNode):
                    key.tag = 'tag:yaml.org,2002:str'

    return Loader

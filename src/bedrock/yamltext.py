"""YAML for people, as Go's library writes it: blocks, and texts of several lines as they are."""

from __future__ import annotations

from typing import Any


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

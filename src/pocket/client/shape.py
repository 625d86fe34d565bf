"""Typed looks into decoded JSON, where what is absent, null or of another shape is empty."""

from __future__ import annotations

from typing import Any, cast

Json = dict[str, Any]


def mapping(value: object) -> Json:
    """*value* when it is an object, else an empty one."""
    return cast('Json', value) if isinstance(value, dict) else {}


def objects(value: object) -> list[Json]:
    """*value* when it is a list (of objects), else an empty one."""
    return cast('list[Json]', value) if isinstance(value, list) else []


def first(value: object) -> Json:
    """The first object of the list *value*; empty when there is none."""
    found = objects(value)
    return found[0] if found else {}

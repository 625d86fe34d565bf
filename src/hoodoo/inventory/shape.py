"""A quick test whether a value fits a JSON Schema; what exactly is wrong, jsonschema says more slowly.

It knows the keywords that `inventory.schema.json` uses, and refuses to compile any other.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, cast

Test = Callable[[Any], bool]

_SILENT = frozenset({'$schema', '$id', 'title', 'description', 'definitions'})
_TYPES: Mapping[str, tuple[type, ...]] = {
    'object': (dict,),
    'array': (list,),
    'string': (str,),
    'number': (int, float),
    'boolean': (bool,),
    'null': (type(None),),
}


def compiled(schema: Mapping[str, Any]) -> Test:
    """Return the test of *schema*, whose references are to its own definitions."""
    return _Compiler(schema).test(schema)


class _Compiler:
    def __init__(self, root: Mapping[str, Any]) -> None:
        self._root = root
        self._made: dict[str, Test] = {}

    def test(self, schema: Mapping[str, Any]) -> Test:
        """All that *schema* asks, as one test."""
        if '$ref' in schema:
            return self._reference(schema['$ref'])
        given = {key: value for key, value in schema.items() if key not in _SILENT}
        tests: list[Test] = []
        if 'type' in given:
            tests.append(_type(given.pop('type')))
        properties: Mapping[str, Any] = given.pop('properties', {})
        if properties or 'additionalProperties' in given:
            tests.append(self._properties(properties, given.pop('additionalProperties', None)))
        for key, value in given.items():
            tests.append(self._keyword(key, value))
        if len(tests) == 1:
            return tests[0]
        return lambda value: all(test(value) for test in tests)

    def _reference(self, name: str) -> Test:
        if name not in self._made:
            schema: Any = self._root
            for part in name.removeprefix('#/').split('/'):
                schema = schema[part]
            self._made[name] = self.test(schema)
        return self._made[name]

    def _properties(self, properties: Mapping[str, Any], more: object) -> Test:
        known = {key: self.test(part) for key, part in properties.items()}
        rest = self.test(cast('Mapping[str, Any]', more)) if isinstance(more, dict) else None

        def test(value: Any) -> bool:
            if not isinstance(value, dict):
                return True
            for key, entry in cast('dict[str, Any]', value).items():
                one = known.get(key, rest)
                if (one is None and more is False) or (one is not None and not one(entry)):
                    return False
            return True

        return test

    def _keyword(self, key: str, given: Any) -> Test:
        match key:
            case 'items':
                each = self.test(given)
                return lambda value: not isinstance(value, list) or all(map(each, cast('list[Any]', value)))
            case 'propertyNames':
                name = self.test(given)
                return lambda value: (
                    not isinstance(value, dict) or all(map(name, cast('dict[str, Any]', value)))
                )
            case 'minItems':
                return lambda value: not isinstance(value, list) or len(cast('list[Any]', value)) >= given
            case 'minProperties':
                return lambda value: (
                    not isinstance(value, dict) or len(cast('dict[str, Any]', value)) >= given
                )
            case 'minLength':
                return lambda value: not isinstance(value, str) or len(value) >= given
            case 'pattern':
                found = re.compile(given).search
                return lambda value: not isinstance(value, str) or found(value) is not None
            case 'required':
                return lambda value: not isinstance(value, dict) or all(name in value for name in given)
            case 'dependencies':
                return lambda value: (
                    not isinstance(value, dict)
                    or all(need in value for name in given if name in value for need in given[name])
                )
            case 'oneOf':
                tests = [self.test(part) for part in given]
                return lambda value: sum(test(value) for test in tests) == 1
            case _:
                raise AssertionError(f'this keyword of the schema is not known here: {key}')


def _type(names: str | list[str]) -> Test:
    wanted = [names] if isinstance(names, str) else names
    types = tuple(one for name in wanted for one in _TYPES[name])
    return lambda value: isinstance(value, types) and (bool in types or not isinstance(value, bool))

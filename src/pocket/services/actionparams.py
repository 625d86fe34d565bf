"""The parameters of an action: checked against its JSON schema, completed by the schema's defaults.

What is said of a wrong one is in the words of Juju's own validator.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from typing import Any, cast

from pocket.services import rows
from pocket.services.errors import BAD_REQUEST, JujuError

_COMMAND: Mapping[str, Any] = {
    'params': {
        'command': {'type': 'string'},
        'timeout': {'type': 'number'},
        'workload-context': {'type': 'boolean'},
    },
    'required': ['command', 'timeout'],
}
_BESIDE_THE_SCHEMA = frozenset({'description', 'params', 'parallel', 'execution-group', 'title'})
_BOUNDS = {
    'minimum': 'must be greater than or equal to {}',
    'exclusiveMinimum': 'must be greater than {}',
    'maximum': 'must be less than or equal to {}',
    'exclusiveMaximum': 'must be less than {}',
    'multipleOf': 'must be a multiple of {}',
    'minLength': 'string length must be greater than or equal to {}',
    'maxLength': 'string length must be less than or equal to {}',
    'pattern': "does not match pattern '{}'",
    'minItems': 'array must have at least {} items',
    'maxItems': 'array must have at most {} items',
    'minProperties': 'must have at least {} properties',
    'maxProperties': 'must have at most {} properties',
}
_COMBINED = {
    'allOf': 'must validate all the schemas (allOf)',
    'anyOf': 'must validate at least one schema (anyOf)',
    'oneOf': 'must validate one and only one schema (oneOf)',
    'not': 'must not validate the schema (not)',
    'uniqueItems': 'array items must be unique',
}


def checked(spec: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return *given* with the defaults of *spec*, which is an action as the charm declares it.

    Raises:
        JujuError: a parameter is wrong or missing, or the charm's schema itself is.
    """
    # It takes a tenth of a second to load, which the daemon's start does not have to wait for.
    import jsonschema
    import jsonschema.exceptions

    schema = _schema(spec)
    validator: Any = jsonschema.Draft4Validator(schema)
    try:
        validator.check_schema(schema)
        problems = [text for error in validator.iter_errors(dict(given)) for text in _texts(error)]
    except (jsonschema.exceptions.SchemaError, TypeError, ValueError) as err:
        raise JujuError(f"cannot validate: the action's schema is wrong: {err}", BAD_REQUEST) from err
    if problems:
        raise JujuError(f'validation failed: {"; ".join(sorted(problems))}', BAD_REQUEST)
    return _completed(schema, given)


def command(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters of a command.

    Raises:
        JujuError: one is wrong or missing.
    """
    return checked(_COMMAND, given)


def _schema(spec: Mapping[str, Any]) -> dict[str, Any]:
    more = {key: value for key, value in spec.items() if key not in _BESIDE_THE_SCHEMA}
    return {'type': 'object', **more, 'properties': spec.get('params') or {}}


def _completed(schema: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """*given* with defaults, those inside of objects included; an object that they fill need not be given."""
    found = dict(given)
    declared = schema.get('properties')
    for key, inner in cast('dict[str, Any]', declared if isinstance(declared, dict) else {}).items():
        if not isinstance(inner, dict):
            continue
        below = cast('dict[str, Any]', inner)
        if key not in found and 'default' in below:
            found[key] = copy.deepcopy(below['default'])
        if below.get('type') == 'object' and isinstance(found.get(key, {}), dict):
            filled = _completed(below, found.get(key, {}))
            if filled:
                found[key] = filled
    return found


def _texts(error: Any) -> Iterable[str]:
    """One problem, or several that a single keyword found."""
    where = '.'.join(['(root)', *(str(part) for part in error.absolute_path)])
    given, value = rows.dumps(error.instance), error.validator_value
    match error.validator:
        case 'required':
            missing = [name for name in value if name not in error.instance]
            # The library reports each missing name by itself; what it says names which.
            name = next((name for name in missing if repr(name) in error.message), missing[0])
            yield f'{where} : "{name}" property is missing and required, given {given}'
        case 'additionalProperties':
            known: dict[str, Any] = error.schema.get('properties') or {}
            for name in sorted(error.instance.keys() - known.keys()):
                yield f'{where} : additional property "{name}" is not allowed, given {given}'
        case 'type':
            wanted = ' or '.join(cast('list[str]', value)) if isinstance(value, list) else value
            yield f'{where} : must be of type {wanted}, given {given}'
        case 'enum':
            allowed = ', '.join(rows.dumps(one) for one in value)
            yield f'{where} : must match one of the enum values [{allowed}], given {given}'
        case keyword:
            text = _BOUNDS.get(keyword, _COMBINED.get(keyword, f'does not meet {keyword} {{}}'))
            yield f'{where} : {text.format(value)}, given {given}'

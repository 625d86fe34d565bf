"""Values that are YAML themselves. Of secret ones nothing is ever repeated."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import cast

import yaml

from ._types import Fault, Swift

_TRUE = ('true', 'yes', 'on', '1', 'checked')
_FALSE = ('false', 'no', 'off', '0', 'unchecked')
_VARIABLE = re.compile(r'[A-Za-z_][A-Za-z0-9_]*')


def mapping(text: str, *, secret: bool) -> Mapping[str, object]:
    """Return the YAML mapping in *text*; of a *secret* one nothing is repeated, not even a character."""
    try:
        loaded: object = yaml.safe_load(text)
    except yaml.MarkedYAMLError as err:
        mark = err.problem_mark or err.context_mark
        where = f' at line {mark.line + 1}, column {mark.column + 1}' if mark else ''
        why = '' if secret or not err.problem else f' ({err.problem})'
        raise Fault(f'not valid YAML{where}{why}; write one "NAME: value" on each line') from None
    except (yaml.YAMLError, ValueError):
        raise Fault('not valid YAML; write one "NAME: value" on each line') from None
    if loaded is None:
        return {}
    if not isinstance(loaded, dict):
        raise Fault('must be a YAML mapping; write one "NAME: value" on each line')
    return {str(key): value for key, value in cast('dict[object, object]', loaded).items()}


def scalar(value: object) -> str | None:
    """Return *value* as text, or nothing when it is a list or a mapping or void."""
    if isinstance(value, bool):
        return 'true' if value else 'false'
    return str(value) if isinstance(value, str | int | float) else None


def truth(value: object) -> bool | None:
    """Return what *value* means as yes or no, or nothing when it means neither."""
    word = (scalar(value) or '').strip().lower()
    return True if word in _TRUE else False if word in _FALSE else None


def only_value(content: Mapping[str, str], key: str) -> str:
    """Return *key* of a secret's *content*, or its only value."""
    if key in content:
        return content[key]
    if len(content) != 1:
        raise Fault(f'the secret must hold the key "{key}"; juju update-secret NAME {key}=...')
    return next(iter(content.values()))


def variables(text: str, *, secret: bool) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for name, value in mapping(text, secret=secret).items():
        plain = scalar(value) if value is not None else ''
        if not _VARIABLE.fullmatch(name) or plain is None or '\0' in plain:
            raise Fault('must map names of variables to plain values, one "NAME: value" on each line')
        found[name] = plain
    return found


def initial_settings(text: str) -> Mapping[str, object]:
    found = mapping(text, secret=True)
    known = ('user_name', 'admin_email', 'weblog_title', 'admin_password', 'blog_public')
    if unknown := found.keys() - set(known):
        # A key could be a password whose name was forgotten, so it is not shown.
        raise Fault(f'{len(unknown)} unknown key(s); known are {", ".join(known)}')
    return found


def swift(settings: Mapping[str, object]) -> Swift | None:
    """Understand both generations of keys: url and prefix, or swift-url and object-prefix."""
    if not settings:
        return None

    def text(*names: str, needed: bool = False) -> str:
        given = [value for name in names if (value := scalar(settings.get(name))) is not None]
        if needed and not (given and given[0]):
            raise Fault(f'needs the key {names[0]}')
        return given[0] if given else ''

    def flag(name: str, default: bool) -> bool:
        found = truth(settings.get(name, default))
        if found is None:
            raise Fault(f'{name} must be true or false')
        return found

    auth_url, url = text('auth-url', needed=True), text('url', 'swift-url')
    for name, address in (('auth-url', auth_url), ('url', url)):
        if address and not re.fullmatch(r'https?://[^\s/?#@]+\S*', address):
            raise Fault(f'{name} must be an address such as https://keystone.example.com/v3')
    return Swift(
        auth_url=auth_url,
        container=text('bucket', needed=True),
        username=text('username', needed=True),
        password=text('password', needed=True),
        prefix=text('prefix', 'object-prefix'),
        region=text('region'),
        project=text('tenant'),
        domain=text('domain') or 'Default',
        url=url,
        copy=flag('copy-to-swift', True),
        serve=flag('serve-from-swift', True),
        remove_local=flag('remove-local-file', False),
    )

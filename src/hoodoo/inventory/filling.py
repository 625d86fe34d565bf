"""A draft with its templates filled in and checked: an environment. Pure."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from bedrock import errors
from bedrock.errors import Problem
from hoodoo.inventory import templates
from hoodoo.inventory.environment import Credentials, Environment, Kind, Place
from hoodoo.inventory.matrix import Draft
from hoodoo.spec import addresses

_DEFAULTS = {'name': '{service}/{cloud}/{region}/{stage}', 'model': '{service}-{stage}'}
_NEEDED = {
    'service': 'Say what is deployed: "service: NAME".',
    'cloud': 'Say on which cloud, or make environments by a matrix.',
    'stage': 'Say which stage of the spec, or make environments by a matrix.',
    'controller': 'Say on which controller, perhaps "{cloud}-{region}" for all in defaults.yaml.',
}
_FORMS = {
    'name': (re.compile(r'[A-Za-z0-9][A-Za-z0-9._/@:+-]*'), 'letters, digits and "._/@:+-"'),
    'controller': (re.compile(r'[A-Za-z0-9][A-Za-z0-9._@/-]*'), 'letters, digits and "._@/-"'),
    'model': (
        re.compile(r'(?:[A-Za-z0-9][\w.@+-]*/)?[a-z0-9][a-z0-9-]*'),
        '[OWNER/]NAME of a-z, 0-9 and "-"',
    ),
}
_PRODUCTION = frozenset({'production', 'prod'})
_WORD = re.compile(r'[A-Za-z0-9]+')


class _Wrong(Exception):
    """One field of one environment makes no sense."""

    def __init__(self, key: str, message: str, hint: str = '', label: str = '') -> None:
        super().__init__(message)
        self.key, self.message, self.hint, self.label = key, message, hint, label


def filled(draft: Draft, folder: Path) -> tuple[Environment | None, list[Problem]]:
    """The environment that *draft* describes, or what is wrong with it.

    Args:
        folder: The inventory's, where relative paths of specs start.
    """
    said = draft.values()
    problems: list[Problem] = []

    def problem(key: str, message: str, hint: str = '', label: str = '') -> None:
        file, line = draft.said(key, label) or (draft.file, draft.line)
        problems.append(Problem(file=str(file), line=line, message=message, hint=hint))

    for key, hint in _NEEDED.items():
        if not said.get(key):
            problem(key, f'"{key}" is missing', hint)
    if problems:
        return None, problems
    values = {key: str(said.get(key) or '') for key in ('service', 'cloud', 'region', 'stage')}

    def text(key: str, given: str, label: str = '') -> str:
        try:
            return templates.fill(given, values)
        except templates.TemplateError as err:
            raise _Wrong(key, err.message, err.hint, label) from None

    def texts(key: str) -> tuple[str, ...]:
        return tuple(text(key, one) for one in cast('list[str]', said.get(key) or ()))

    try:
        values['name'] = _checked('name', _name(said, text))
        for key in ('controller', 'model', 'revision'):
            values[key] = _checked(key, text(key, str(said.get(key, _DEFAULTS.get(key, '')))))
        environment = Environment(
            **values,
            spec=_spec(text('spec', said.get('spec', '')), folder),
            production=said['production'] if 'production' in said else is_production(values['stage']),
            labels={key: text('labels', str(one), key) for key, one in said.get('labels', {}).items()},
            owners=texts('owners'),
            runbook=text('runbook', said.get('runbook', '')),
            dns=texts('dns'),
            credentials=_credentials(said.get('credentials') or {}, text),
            place=Place(file=draft.file, line=draft.line),
        )
    except _Wrong as err:
        problem(err.key, err.message, err.hint, err.label)
        return None, problems
    return environment, problems


def is_production(stage: str) -> bool:
    """Whether a stage that is called so is one to be careful with."""
    first = _WORD.match(stage)
    return first is not None and first[0].lower() in _PRODUCTION


def _name(said: Mapping[str, Any], text: Any) -> str:
    if 'name' in said:
        return text('name', said['name'])
    return text('name', _DEFAULTS['name'] if said.get('region') else '{service}/{cloud}/{stage}')


def _checked(key: str, value: str) -> str:
    form, words = _FORMS.get(key, (None, ''))
    if form is not None and not form.fullmatch(value):
        raise _Wrong(key, f'"{value}" cannot be the {key} of an environment', f'It is made of {words}.')
    return value


def _credentials(said: Mapping[str, Any], text: Any) -> Credentials:
    if 'file' in said:
        return Credentials(kind=Kind.FILE, path=text('credentials', said['file'], 'file'))
    if 'command' in said:
        words = tuple(text('credentials', one, 'command') for one in said['command'])
        return Credentials(kind=Kind.COMMAND, command=words)
    if 'keyring' in said:
        service, user = (text('credentials', said.get(key, ''), key) for key in ('keyring', 'user'))
        return Credentials(kind=Kind.KEYRING, service=service, user=user)
    return Credentials()


def _spec(spec: str, folder: Path) -> str:
    try:
        return _located(spec, str(folder)) if spec else ''
    except errors.UsageFault as err:
        raise _Wrong('spec', str(err), err.hint) from None


@functools.lru_cache(maxsize=1024)
def _located(spec: str, folder: str) -> str:
    """*spec* as ``hoodoo run`` takes it from any directory."""
    address = addresses.parse(spec)
    bare, _, options = spec.partition(';')
    if bare == address.url and not _remote(bare):  # a path, with or without a revision
        path = str(Path(folder, Path(bare).expanduser()))
        return f'{path};{options}' if options else path
    return spec


def _remote(bare: str) -> bool:
    return (
        '://' in bare or bare.startswith(('lp:', 'git+lp:', 'nosmart+lp:')) or '@' in bare.partition(':')[0]
    )

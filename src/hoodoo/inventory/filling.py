"""A draft with its templates filled in and checked: an environment. Pure."""

from __future__ import annotations

import functools
import re
from pathlib import Path

from bedrock import errors
from bedrock.errors import Problem
from hoodoo.inventory import templates
from hoodoo.inventory.environment import Credentials, Environment, Kind, Place
from hoodoo.inventory.matrix import Draft
from hoodoo.spec import addresses

_WITHOUT_REGION = '{service}/{cloud}/{stage}'
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


def filled(draft: Draft, folder: Path) -> tuple[Environment | None, list[Problem]]:
    """The environment that *draft* describes, or all that is wrong with it.

    Args:
        folder: The inventory's, where relative paths of specs start.
    """
    filler = _Filler(draft)
    said = filler.said
    for key, hint in _NEEDED.items():
        if not said.get(key):
            filler.problem(key, f'"{key}" is missing', hint)
    if filler.problems:
        return None, filler.problems
    for key in ('name', 'controller', 'model', 'revision'):
        filler.name(key)
    environment = Environment(
        name=filler.values['name'],
        service=filler.values['service'],
        cloud=filler.values['cloud'],
        region=filler.values['region'],
        stage=filler.values['stage'],
        controller=filler.values['controller'],
        model=filler.values['model'],
        revision=filler.values['revision'],
        spec=filler.spec(folder),
        production=said['production'] if 'production' in said else is_production(said['stage']),
        labels={key: filler.text('labels', one, key) for key, one in said.get('labels', {}).items()},
        owners=filler.texts('owners'),
        runbook=filler.text('runbook', said.get('runbook', '')),
        dns=filler.texts('dns'),
        credentials=filler.credentials('credentials') or Credentials(),
        read_credentials=filler.credentials('read_credentials'),
        place=Place(file=draft.file, line=draft.line),
    )
    return (None if filler.problems else environment), filler.problems


class _Filler:
    """Fills in the fields of one environment and keeps what is wrong with them."""

    def __init__(self, draft: Draft) -> None:
        self.said = draft.values()
        self.problems: list[Problem] = []
        self.values = {key: str(self.said.get(key) or '') for key in ('service', 'cloud', 'region', 'stage')}
        self._draft = draft

    def problem(self, key: str, message: str, hint: str = '', label: str = '') -> None:
        """Note what is wrong with *key*, at the place that says it."""
        file, line = self._draft.said(key, label) or (self._draft.file, self._draft.line)
        self.problems.append(Problem(file=str(file), line=line, message=message, hint=hint))

    def text(self, key: str, given: str, label: str = '') -> str:
        """*given* with its names filled in."""
        try:
            return templates.fill(given, self.values)
        except templates.TemplateError as err:
            self.problem(key, err.message, err.hint, label)
            return ''

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of texts, filled in."""
        return tuple(self.text(key, one) for one in self.said.get(key, ()))

    def name(self, key: str) -> None:
        """Fill in one that others may refer to."""
        default = _DEFAULTS.get(key, '')
        if key == 'name' and not self.said.get('region'):
            default = _WITHOUT_REGION
        before = len(self.problems)
        value = self.text(key, self.said.get(key, default))
        form, words = _FORMS.get(key, (None, ''))
        if form is not None and len(self.problems) == before and not form.fullmatch(value):
            self.problem(key, f'"{value}" cannot be the {key} of an environment', f'It is made of {words}.')
        self.values[key] = value

    def spec(self, folder: Path) -> str:
        """Where the spec is, as ``hoodoo run`` takes it from any directory."""
        text = self.text('spec', self.said.get('spec', ''))
        try:
            return located(text, str(folder)) if text else ''
        except errors.UsageFault as err:
            self.problem('spec', str(err), err.hint)
            return ''

    def credentials(self, field: str) -> Credentials | None:
        """Where an account is to be had; None where nothing says."""
        said = self.said.get(field, {})

        def text(key: str) -> str:
            return self.text(field, said.get(key, ''), key)

        if 'file' in said:
            return Credentials(kind=Kind.FILE, path=text('file'))
        if 'command' in said:
            words = tuple(self.text(field, one, 'command') for one in said['command'])
            return Credentials(kind=Kind.COMMAND, command=words)
        if 'keyring' in said:
            return Credentials(kind=Kind.KEYRING, service=text('keyring'), user=text('user'))
        return None


def is_production(stage: str) -> bool:
    """Whether a stage that is called so is one to be careful with."""
    first = _WORD.match(stage)
    return first is not None and first[0].lower() in _PRODUCTION


@functools.lru_cache(maxsize=1024)
def located(spec: str, folder: str) -> str:
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


def default(key: str) -> str:
    """The template of a field that nothing says; empty where it has none."""
    return _DEFAULTS.get(key, '')

"""The Juju client's files: which controllers, accounts and models this client knows (juju.md 1.8).

They are read whenever a command starts and written under a lock, each by an atomic replace.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import yaml

from bedrock import errors
from pocket.client import faults

_LOADER: Any = getattr(yaml, 'CSafeLoader', yaml.SafeLoader)
_DUMPER: Any = getattr(yaml, 'CSafeDumper', yaml.SafeDumper)

Document = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Controller:
    """One entry of controllers.yaml, with its account."""

    name: str
    uuid: str
    endpoints: tuple[str, ...]
    ca_cert: str
    user: str
    password: str
    cloud: str
    region: str
    details: Mapping[str, Any]
    """The whole entry."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """One entry of models.yaml."""

    name: str
    """``owner/name``."""
    uuid: str
    type: str = 'iaas'

    @property
    def short_name(self) -> str:
        """The name without its owner."""
        return self.name.partition('/')[2] or self.name


class Files:
    """The files in *folder* ($JUJU_DATA)."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def controller_names(self) -> list[str]:
        """Every known controller, sorted."""
        return sorted(_section(self._read('controllers.yaml'), 'controllers'))

    def current_controller(self) -> str:
        """The selected controller's name; empty when none is."""
        return str(self._read('controllers.yaml').get('current-controller') or '')

    def controller(self, name: str) -> Controller:
        """The controller called *name*.

        Raises:
            Fault: this client does not know it.
        """
        found = _section(self._read('controllers.yaml'), 'controllers').get(name)
        if found is None:
            raise errors.Fault(f'controller {name} not found')
        entry = cast('Document', found)
        account = self.account(name)
        return Controller(
            name=name,
            uuid=str(entry.get('uuid') or ''),
            endpoints=tuple(str(address) for address in entry.get('api-endpoints') or ()),
            ca_cert=str(entry.get('ca-cert') or ''),
            user=str(account.get('user') or ''),
            password=str(account.get('password') or ''),
            cloud=str(entry.get('cloud') or ''),
            region=str(entry.get('region') or ''),
            details=entry,
        )

    def account(self, controller: str) -> Mapping[str, Any]:
        """What accounts.yaml holds for *controller*."""
        return _section(_section(self._read('accounts.yaml'), 'controllers'), controller)

    def models(self, controller: str) -> dict[str, Model]:
        """The models known on *controller*, by ``owner/name``."""
        entry = _section(_section(self._read('models.yaml'), 'controllers'), controller)
        return {
            name: Model(name=name, uuid=str(raw.get('uuid') or ''), type=str(raw.get('type') or 'iaas'))
            for name, raw in _section(entry, 'models').items()
        }

    def current_model(self, controller: str) -> str:
        """The selected model of *controller* as ``owner/name``; empty when none is."""
        entry = _section(_section(self._read('models.yaml'), 'controllers'), controller)
        return str(entry.get('current-model') or '')

    def keep_models(self, controller: str, models: Iterable[Model]) -> None:
        """Replace what is known of the models on *controller*."""

        def change(entry: Document) -> None:
            entry['models'] = {model.name: _model_entry(model) for model in models}
            if entry.get('current-model') not in entry['models']:
                entry.pop('current-model', None)

        self._change_models(controller, change)

    def add_model(self, controller: str, model: Model, *, select: bool) -> None:
        """Record *model*, and select it if *select*."""

        def change(entry: Document) -> None:
            entry['models'] = {**_section(entry, 'models'), model.name: _model_entry(model)}
            if select:
                entry['current-model'] = model.name

        self._change_models(controller, change)

    def drop_model(self, controller: str, name: str) -> None:
        """Forget the model *name* (``owner/name``)."""

        def change(entry: Document) -> None:
            entry['models'] = {key: raw for key, raw in _section(entry, 'models').items() if key != name}
            if entry.get('current-model') == name:
                entry.pop('current-model')

        self._change_models(controller, change)

    def select_model(self, controller: str, name: str) -> None:
        """Make *name* (``owner/name``) the current model of *controller*."""
        self._change_models(controller, lambda entry: entry.update({'current-model': name}))

    def select_controller(self, name: str) -> None:
        """Make *name* the current controller."""
        with self._locked():
            document = self._read('controllers.yaml')
            document['current-controller'] = name
            self._write('controllers.yaml', document)

    def section(self, file: str, key: str) -> Document:
        """What the client's *file* holds under *key*."""
        return _section(self._read(file), key)

    def change_section(self, file: str, key: str, change: Callable[[Document], None]) -> None:
        """Rewrite what the client's *file* holds under *key*, under the lock."""
        with self._locked():
            document = self._read(file)
            section = _section(document, key)
            change(section)
            self._write(file, {**document, key: section})

    def _change_models(self, controller: str, change: Callable[[Document], None]) -> None:
        with self._locked():
            document = self._read('models.yaml')
            controllers = _section(document, 'controllers')
            entry = cast('Document', controllers.get(controller) or {})
            change(entry)
            document['controllers'] = {**controllers, controller: entry}
            self._write('models.yaml', document)

    def _locked(self) -> contextlib.AbstractContextManager[None]:
        from bedrock import jujulock  # only a few commands write; the others start faster without it

        return jujulock.locked(self.folder)

    def _read(self, file: str) -> Document:
        path = self.folder / file
        try:
            # Opened as text and parsed by libyaml: a tenth of the time of the Python parser.
            loaded: object = yaml.load(path.read_text(), Loader=_LOADER)  # noqa: S506 - it is a safe loader
        except FileNotFoundError:
            return {}
        except (OSError, UnicodeDecodeError, yaml.YAMLError) as err:
            raise errors.Fault(f'cannot read {path}') from err
        return cast('Document', loaded) if isinstance(loaded, dict) else {}

    def _write(self, file: str, document: Document) -> None:
        from bedrock import files  # only a few commands write; the others start faster without it

        text = yaml.dump(document, Dumper=_DUMPER, sort_keys=False, default_flow_style=False)
        files.write_private(self.folder / file, text)


def chosen_controller(files: Files, wanted: str) -> str:
    """The controller to talk to: *wanted*, else the current one.

    Raises:
        Fault: there is none, or none is selected.
    """
    if wanted:
        return wanted
    current = files.current_controller()
    if current:
        return current
    if not files.controller_names():
        raise errors.Fault('No controllers registered.', hint='Start one with "pocket up".')
    raise errors.Fault('No selected controller.', hint='Select one with "juju switch CONTROLLER".')


def split_model(text: str) -> tuple[str, str]:
    """``[controller:]model`` -> controller (may be empty) and model."""
    controller, colon, model = text.partition(':')
    return (controller, model) if colon else ('', text)


def find_model(models: Mapping[str, Model], wanted: str, *, user: str) -> Model | None:
    """The model that *wanted* names: ``name``, ``owner/name``, or at least six digits of its UUID."""
    by_name = models.get(wanted if '/' in wanted else f'{user}/{wanted}')
    if by_name is not None:
        return by_name
    if len(wanted) < 6 or '/' in wanted:
        return None
    by_uuid = [model for model in models.values() if model.uuid.startswith(wanted)]
    if len(by_uuid) > 1:
        raise faults.WrongUsage(f'model "{wanted}" is ambiguous: several UUIDs begin with it')
    return by_uuid[0] if by_uuid else None


def _section(document: Mapping[str, Any], key: str) -> dict[str, Any]:
    value = document.get(key)
    return cast('dict[str, Any]', value) if isinstance(value, dict) else {}


def _model_entry(model: Model) -> dict[str, str]:
    return {'uuid': model.uuid, 'type': model.type, 'branch': ''}

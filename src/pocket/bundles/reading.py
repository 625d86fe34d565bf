"""A merged document to a `Bundle`; everything that is wrong is collected."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, TypeVar, cast

from pocket.bundles import bases, verify
from pocket.bundles.documents import Document, overlay_fields
from pocket.bundles.faults import invalid
from pocket.bundles.spec import Application, Bundle, Machine, Offer, Placement, Relation, placement

T = TypeVar('T')
_NAME = re.compile(r'[a-z][a-z0-9]*(-[a-z0-9]*[a-z][a-z0-9]*)*')


def read(document: Document, *, base_document: Document | None = None) -> Bundle:
    """The bundle in *document*.

    Args:
        base_document: The document before overlays; what only overlays may say is an error in it.

    Raises:
        BundleFault: it has errors; all of them are in it.
    """
    reader = _Reader()
    bundle = reader.bundle(document)
    problems = [*overlay_fields(base_document or {}), *reader.problems]
    # What could not be read would only make further errors of itself.
    problems += verify.verify(bundle) if not reader.problems else []
    if problems:
        raise invalid(problems)
    return bundle


class _Reader:
    """Reads fields by type and remembers what was wrong."""

    def __init__(self) -> None:
        self.problems: list[str] = []

    def bundle(self, document: Document) -> Bundle:
        applications = self._entries(document, 'applications', self._application)
        return Bundle(
            name=self._text(document, 'name', 'bundle'),
            kubernetes=document.get('bundle') == 'kubernetes',
            default_base=self._base(document, 'bundle', key='default-base'),
            applications=applications,
            machines=self._entries(document, 'machines', self._machine),
            relations=tuple(self._relations(document.get('relations'))),
            saas=self._entries(document, 'saas', self._saas),
        )

    def _application(self, name: str, entry: Document) -> Application:
        where = f'application "{name}"'
        if not _NAME.fullmatch(name):
            self.problems.append(f'invalid application name "{name}"')
        return Application(
            name=name,
            charm=self._text(entry, 'charm', where),
            channel=self._text(entry, 'channel', where),
            revision=self._integer(entry, 'revision', where),
            base=self._base(entry, where),
            num_units=self._units(entry, where),
            to=tuple(self._placements(entry.get('to'), where)),
            expose=self._flag(entry, 'expose', where),
            exposed_endpoints=self._exposed(entry, where),
            options=self._map(entry, 'options', where),
            annotations=self._texts(entry, 'annotations', where),
            constraints=self._text(entry, 'constraints', where),
            storage=self._texts(entry, 'storage', where),
            devices=self._texts(entry, 'devices', where),
            bindings=self._texts(entry, 'bindings', where),
            resources=self._resources(entry, where),
            trust=self._flag(entry, 'trust', where),
            offers={
                offer: self._offer(offer, value) for offer, value in self._map(entry, 'offers', where).items()
            },
        )

    def _units(self, entry: Document, where: str) -> int:
        """On Kubernetes they are called scale; either name does, but not both."""
        units, scale = self._integer(entry, 'num_units', where), self._integer(entry, 'scale', where)
        if units is not None and scale is not None:
            self.problems.append(f'{where} has both num_units and scale')
        return units or scale or 0

    def _machine(self, name: str, entry: Document) -> Machine:
        where = f'machine "{name}"'
        if not name.isdecimal():
            self.problems.append(f'invalid machine id "{name}" found in machines')
        return Machine(
            base=self._base(entry, where),
            constraints=self._text(entry, 'constraints', where),
            annotations=self._texts(entry, 'annotations', where),
        )

    def _saas(self, name: str, entry: Document) -> str:
        return self._text(entry, 'url', f'saas "{name}"')

    def _offer(self, name: str, value: object) -> Offer:
        entry = _document(value)
        return Offer(
            endpoints=tuple(str(item) for item in _items(entry.get('endpoints'))),
            acl=self._texts(entry, 'acl', f'offer "{name}"'),
        )

    def _entries(self, document: Document, key: str, make: Callable[[str, Document], T]) -> dict[str, T]:
        found: dict[str, T] = {}
        for name, entry in self._map(document, key, 'bundle').items():
            if entry is not None and not _is_mapping(entry):
                self.problems.append(f'cannot read {key} entry "{name}": it is not a mapping')
                continue
            found[name] = make(name, _document(entry))
        return dict(sorted(found.items(), key=lambda item: verify.natural(item[0])))

    def _relations(self, value: object) -> list[Relation]:
        if value is not None and not _is_list(value):
            self.problems.append('cannot read relations of bundle: they are not a list')
        found: list[Relation] = []
        for item in _items(value):
            sides = _items(item)
            if len(sides) != 2 or _is_list(sides[0]):
                shown = ' '.join(f'"{side}"' for side in sides)
                self.problems.append(f'relation [{shown}] has {len(sides)} endpoint(s), not 2')
                continue
            first = str(sides[0])
            # One endpoint may be related to a list of others.
            others = _items(sides[1]) if _is_list(sides[1]) else [sides[1]]
            found.extend(Relation(first=first, second=str(other)) for other in others)
        return found

    def _placements(self, value: object, where: str) -> list[Placement]:
        words = _items(value) if _is_list(value) else [] if value is None else [value]
        found: list[Placement] = []
        for word in words:
            parsed = placement(str(word))
            if parsed is None:
                self.problems.append(f'invalid placement syntax "{word}" in {where}')
            else:
                found.append(parsed)
        return found

    def _exposed(self, entry: Document, where: str) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for endpoint, value in self._map(entry, 'exposed-endpoints', where).items():
            given = _document(value)
            found[endpoint] = {
                key: sorted(str(item) for item in _items(given.get(key)))
                for key in ('expose-to-spaces', 'expose-to-cidrs')
                if _items(given.get(key))
            }
        return found

    def _resources(self, entry: Document, where: str) -> dict[str, int | str]:
        found: dict[str, int | str] = {}
        for name, value in self._map(entry, 'resources', where).items():
            if isinstance(value, bool) or not isinstance(value, int | str):
                self.problems.append(f'resource "{name}" in {where} is neither a revision nor a path')
            else:
                found[name] = value
        return found

    def _base(self, entry: Document, where: str, *, key: str = 'base') -> str:
        base, series = self._text(entry, key, where), self._text(entry, 'series', where)
        if not base and series:
            base = bases.from_series(series)
            if not base:
                self.problems.append(f'{where} declares an invalid series "{series}"')
        elif base and not bases.is_base(base):
            self.problems.append(f'{where} declares an invalid base "{base}"')
        return bases.with_risk(base)

    def _text(self, entry: Document, key: str, where: str) -> str:
        value = entry.get(key)
        if value is None:
            return ''
        if isinstance(value, dict | list):
            self.problems.append(f'cannot read {key} of {where}: it is not a string')
            return ''
        return str(value)

    def _integer(self, entry: Document, key: str, where: str) -> int | None:
        value = entry.get(key)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int):
            self.problems.append(f'cannot read {key} of {where}: it is not a whole number')
            return None
        return value

    def _flag(self, entry: Document, key: str, where: str) -> bool:
        value = entry.get(key)
        if value is not None and not isinstance(value, bool):
            self.problems.append(f'cannot read {key} of {where}: it is not true or false')
        return value is True

    def _map(self, entry: Document, key: str, where: str) -> dict[str, Any]:
        value = entry.get(key)
        if value is not None and not _is_mapping(value):
            self.problems.append(f'cannot read {key} of {where}: it is not a mapping')
        return {str(name): inner for name, inner in _document(value).items()}

    def _texts(self, entry: Document, key: str, where: str) -> dict[str, str]:
        return {name: _plain(value) for name, value in self._map(entry, key, where).items()}


def _plain(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _is_mapping(value: object) -> bool:
    return isinstance(value, dict)


def _is_list(value: object) -> bool:
    return isinstance(value, list)


def _document(value: object) -> Document:
    return cast('Document', value) if isinstance(value, dict) else {}


def _items(value: object) -> list[object]:
    return cast('list[object]', value) if isinstance(value, list) else []


__all__ = ['read']

"""Reads one model: snapshots, options, and a wake-up when something changed."""

from __future__ import annotations

import dataclasses
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

from bedrock import errors
from hoodoo import model
from hoodoo.juju import login, particulars, rpc, snapshot, waker

_REDIALS = 5
_AS_IT_IS = {'include-charm-defaults': False, 'include-series': False}
_REDIAL_S = 1.0


class Reader:
    """A model's state over connections that are made when needed and made again when they break."""

    def __init__(self, dial: Callable[[], rpc.Connection]) -> None:
        self._dial = dial
        self._connection: rpc.Connection | None = None
        self._waker: waker.Waker | None = None
        self._lock = threading.Lock()
        self._last: model.ModelSnapshot | None = None
        self._cost_s = 0.0

    def snapshot(self) -> model.ModelSnapshot:
        """See the whole model now."""
        began = time.monotonic()
        seen = snapshot.decode(self._call('Client', 'FullStatus', {'patterns': []}))
        self._cost_s = time.monotonic() - began
        if self._waker is not None and not _same(seen, self._last):
            self._waker.moved()
        self._last = seen
        return seen

    def bundle(self) -> str:
        """The whole model as one of Juju's own bundles, as the controller writes it.

        Raises:
            RpcFault: it cannot, or nothing is deployed.
        """
        return str(self._call('Bundle', 'ExportBundle', _AS_IT_IS).get('result') or '')

    def attached(self, applications: Sequence[str]) -> dict[str, tuple[particulars.Resource, ...]]:
        """The resources of *applications* that were uploaded, or named as an image, and are of no store."""
        return {
            name: particulars.resources(
                self._call('Resources', 'ListResources', {'entities': [{'tag': f'application-{name}'}]})
            )
            for name in applications
        }

    def secret(self, uri: str) -> particulars.Secret | None:
        """The secret of a user at *uri*, with what it holds; None where it may not be seen."""
        try:
            return particulars.secret(
                self._call('Secrets', 'ListSecrets', {'show-secrets': True, 'filter': {'uri': uri}})
            )
        except login.RpcFault:
            return None

    def own(self) -> particulars.Own:
        """What the model itself is set to."""
        constraints = self._call('ModelConfig', 'GetModelConstraints', {}).get('constraints')
        return particulars.Own(
            config=particulars.config(self._call('ModelConfig', 'ModelGet', {})),
            constraints=snapshot.constraints(cast('dict[str, Any]', constraints or {})),
        )

    def home(self) -> tuple[str, str]:
        """The cloud and the region of the model."""
        return snapshot.home(self._call('Client', 'FullStatus', {'patterns': []}))

    def options(self, application: str) -> dict[str, model.OptionValue]:
        """See the options of *application*, defaults included."""
        return snapshot.options(
            self._call('Application', 'Get', {'application': application, 'branch': 'master'})
        )

    def settings(self, applications: Sequence[str]) -> dict[str, model.Settings]:
        """See what *applications* are set to."""
        notes = self.annotations([f'application-{name}' for name in applications])
        return {
            name: snapshot.settings(
                self._call('Application', 'Get', {'application': name, 'branch': 'master'}),
                notes[f'application-{name}'],
            )
            for name in applications
        }

    def annotations(self, tags: Sequence[str]) -> dict[str, dict[str, str]]:
        """See the annotations of entities, by tag."""
        if not tags:
            return {}
        entities = {'entities': [{'tag': tag} for tag in tags]}
        return snapshot.notes(self._call('Annotations', 'Get', entities), tags)

    def annotate(self, tag: str, notes: Mapping[str, str]) -> None:
        """Set annotations; the one thing that is written here, since the juju program has no command for it.

        Repeating it does no harm, so a broken connection is made again for it too.

        Raises:
            RpcFault: the controller refused it.
        """
        given = {'annotations': [{'entity': tag, 'annotations': dict(notes)}]}
        refused = snapshot.item_error(self._call('Annotations', 'Set', given))
        if refused:
            raise login.RpcFault(f'cannot annotate {tag}: {refused}')

    def wait_change(self, timeout_s: float) -> None:
        """Return when the model may have changed since the last call, or after *timeout_s*.

        On a controller without watchers it returns now and then, at most once a second.
        """
        if self._waker is None:
            self._waker = waker.Waker(self._dial)
        self._waker.wait(timeout_s, cost_s=self._cost_s)

    def close(self) -> None:
        """Hang up; may be called twice."""
        if self._waker is not None:
            self._waker.close()
            self._waker = None
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _call(self, facade: str, request: str, params: Mapping[str, object]) -> dict[str, object]:
        """A call that outlives a restart of the controller; these calls only read, so repeating is safe."""
        with self._lock:  # Steps that run side by side each look at the model.
            for attempt in range(_REDIALS):
                try:
                    if self._connection is None:
                        self._connection = self._dial()
                    return self._connection.call(facade, request, params)
                except errors.UnreachableFault:
                    self._connection = None
                    if attempt + 1 == _REDIALS:
                        raise
                except login.RpcFault as err:
                    if not err.transient or attempt + 1 == _REDIALS:
                        raise
                if attempt:
                    threading.Event().wait(_REDIAL_S)
        raise AssertionError('the loop returns or raises')


def _same(one: model.ModelSnapshot, other: model.ModelSnapshot | None) -> bool:
    """Whether both show the same, at whatever time."""
    return other is not None and one == dataclasses.replace(other, now_ms=one.now_ms)

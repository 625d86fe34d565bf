"""What is remembered of a model between runs: charms given, changes that were begun, what was last applied.

A change that Juju itself does not show to be done (which charm content an application has, which machine of
the model is which of the bundle) is noted before it is made and settled after it. A run that is killed in
between leaves the note, and the next one sees from the model whether it was made.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Protocol, cast

from hoodoo import model

_CHARM, _MACHINE, _APPLIED, _IMAGES = 'charm', 'machine', 'applied', 'images'
SAME = 'same'
"""The kind of note that says which digests stand for one charm."""


class Memory(Protocol):
    """Remembers things by model."""

    def recall(self, model_uuid: str) -> Mapping[str, model.Deployed]:
        """Which charm content the applications of a model were given."""
        ...

    def remember(self, model_uuid: str, application: str, deployed: model.Deployed) -> None:
        """Note which charm content an application was given."""
        ...

    def notes(self, model_uuid: str, kind: str) -> Mapping[str, str]:
        """The notes of one kind, by name."""
        ...

    def note(self, model_uuid: str, kind: str, name: str, body: str) -> None:
        """Keep a note, in place of an earlier one of that name."""
        ...

    def forget(self, model_uuid: str, kind: str, name: str) -> None:
        """Drop a note, if there is one."""
        ...


def deployed(remembered: Memory, uuid: str, snapshot: model.ModelSnapshot) -> dict[str, model.Deployed]:
    """Which charm content applications have, as far as it came from here and nobody else changed it since."""
    found = dict(remembered.recall(uuid))
    for name, intention in intended_charms(remembered, uuid).items():
        there = snapshot.applications.get(name)
        # A charm that is brought always gets a new URL: with the old one it was never brought.
        if there is not None and there.charm != intention.charm:
            found[name] = model.Deployed(digest=intention.digest, charm=there.charm)
    return found


def intended_charms(remembered: Memory, uuid: str) -> dict[str, model.Deployed]:
    """The charms that were about to be given; ``charm`` is the URL from before."""
    return {
        name: model.Deployed(digest=str(read['digest']), charm=str(read['before']))
        for name, read in _read(remembered, uuid, _CHARM).items()
    }


def intend_charm(remembered: Memory, uuid: str, application: str, *, digest: str, before: str) -> None:
    """Note that *application*, whose charm was *before*, is about to get another."""
    remembered.note(uuid, _CHARM, application, json.dumps({'digest': digest, 'before': before}))


def forget_charm(remembered: Memory, uuid: str, application: str) -> None:
    """That is settled."""
    remembered.forget(uuid, _CHARM, application)


def same_charms(remembered: Memory, uuid: str) -> dict[str, str]:
    """For the digest of a charm in another form, that of the form in which it was given from here."""
    return {digest: str(read['as']) for digest, read in _read(remembered, uuid, SAME).items()}


def same_charm(given: str) -> str:
    """The body of a note of kind `SAME`; its name is the digest of the other form."""
    return json.dumps({'as': given})


def intended_machines(remembered: Memory, uuid: str) -> dict[str, tuple[str, ...]]:
    """For each machine of a bundle that was about to be added, the ids that were there before."""
    return {
        name: tuple(str(machine) for machine in read['before'])
        for name, read in _read(remembered, uuid, _MACHINE).items()
    }


def intend_machine(remembered: Memory, uuid: str, name: str, before: Sequence[str]) -> None:
    """Note that the bundle's machine *name* is about to be added to those of *before*."""
    remembered.note(uuid, _MACHINE, name, json.dumps({'before': list(before)}))


def forget_machine(remembered: Memory, uuid: str, name: str) -> None:
    """That is settled."""
    remembered.forget(uuid, _MACHINE, name)


def images(remembered: Memory, uuid: str, snapshot: model.ModelSnapshot) -> dict[str, dict[str, str]]:
    """The digests of the images that applications were last given from here, by resource."""
    return {
        name: {str(key): str(digest) for key, digest in read.items()}
        for name, read in _read(remembered, uuid, _IMAGES).items()
        if name in snapshot.applications
    }


def note_images(remembered: Memory, uuid: str, application: str, digests: Mapping[str, str]) -> None:
    """Note the images that *application* has now been given."""
    remembered.note(uuid, _IMAGES, application, json.dumps(digests, sort_keys=True))


def applied(remembered: Memory, uuid: str) -> dict[str, Mapping[str, Any]]:
    """What was last asked for, by application or relation."""
    return dict(_read(remembered, uuid, _APPLIED))


def note_applied(remembered: Memory, uuid: str, name: str, what: Mapping[str, Any]) -> None:
    """Note what was asked for and is done."""
    remembered.note(uuid, _APPLIED, name, json.dumps(what, sort_keys=True))


def _read(remembered: Memory, uuid: str, kind: str) -> dict[str, dict[str, Any]]:
    notes = remembered.notes(uuid, kind)
    return {name: cast('dict[str, Any]', json.loads(body)) for name, body in notes.items()}

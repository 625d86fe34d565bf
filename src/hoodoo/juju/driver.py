"""What hoodoo asks of a Juju model, whatever answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from bedrock import errors
from hoodoo import model


class JujuFault(errors.Fault):
    """The juju program failed; the message ends with what it said."""

    def __init__(self, message: str, *, where: str = '', hint: str = '', status: int | None = None) -> None:
        super().__init__(message, where=where, hint=hint)
        self.status = status
        """The program's exit status; negative for the signal that ended it, None where it did not run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Executed:
    """How a command on a unit ended."""

    returncode: int
    stdout: str
    stderr: str


class Driver(Protocol):
    """One model of one controller."""

    @property
    def model(self) -> str:
        """``controller:model``, as JUJU_MODEL takes it."""
        ...

    @property
    def model_uuid(self) -> str:
        """Tells this model from a later one of the same name."""
        ...

    def snapshot(self) -> model.ModelSnapshot:
        """See the whole model now."""
        ...

    def options(self, application: str) -> Mapping[str, model.OptionValue]:
        """See an application's options, defaults included."""
        ...

    def wait_change(self, timeout_s: float) -> None:
        """Return when the model may have changed since the last call, or after *timeout_s*."""
        ...

    def settings(self, applications: Sequence[str]) -> Mapping[str, model.Settings]:
        """See what each of *applications*, which exist, is set to."""
        ...

    def machine_annotations(self, machines: Sequence[str]) -> Mapping[str, Mapping[str, str]]:
        """See the annotations of *machines*, by their ids."""
        ...

    def add_machine(self, wanted: model.WantedMachine) -> str:
        """Add a machine and return its id. One call at a time: Juju's program does not say which it was."""
        ...

    def deploy(self, wanted: model.WantedApplication, charm: str, to: Sequence[str]) -> None:
        """Deploy *wanted* from *charm*, the path of an archive or a store name.

        Args:
            to: Where units go, in order; those beyond it go anywhere.
        """
        ...

    def refresh(
        self, wanted: model.WantedApplication, charm: str, *, switch: bool = False, images: Mapping[str, str]
    ) -> None:
        """Give an application the charm archive at path *charm*, or *charm* of the store as *wanted* pins it.

        Its units in error get it too. *switch* is needed for a store's charm in place of a local one.
        *images* are resources that come with it.
        """
        ...

    def attach(self, application: str, resource: str, image: str) -> None:
        """Give an application an image in place of the one that it has."""
        ...

    def retry(self, unit: str) -> None:
        """Have *unit*, which is in error, run its failed hook again."""
        ...

    def set_options(self, application: str, options: Mapping[str, str]) -> None:
        """Set these options and no others."""
        ...

    def set_constraints(self, application: str, constraints: Mapping[str, str]) -> None:
        """Set the constraints of units to come: these and no others."""
        ...

    def trust(self, application: str) -> None:
        """Give the application the cloud's credentials."""
        ...

    def annotate(self, kind: str, name: str, annotations: Mapping[str, str]) -> None:
        """Set these annotations, of an application or a machine, and leave others."""
        ...

    def add_units(self, application: str, count: int, to: Sequence[str]) -> None:
        """Add *count* units; those beyond *to* go anywhere."""
        ...

    def scale(self, application: str, units: int) -> None:
        """Let an application whose units are pods have *units* of them in all."""
        ...

    def integrate(self, one: model.Endpoint, other: model.Endpoint) -> None:
        """Relate two applications."""
        ...

    def consume(self, url: str, name: str) -> None:
        """Add the offer at *url* to the model, as *name*."""
        ...

    def offer(self, name: str, offer: model.Offer) -> None:
        """Offer endpoints; an offer of that name and application gets these in place of its own."""
        ...

    def expose(self, application: str, to: Mapping[str, model.Exposure]) -> None:
        """Open the application's ports: to the world, or of the endpoints in *to* to whom it says."""
        ...

    def unexpose(self, application: str) -> None:
        """Close them again."""
        ...

    def execute(self, machine: str, script: str, *, timeout_s: float) -> Executed:
        """Run a shell script as root on *machine*, which no unit notices; a bad exit is no error here."""
        ...

    def log_lines(self, limit: int) -> list[str]:
        """The last *limit* lines of the model's log."""
        ...

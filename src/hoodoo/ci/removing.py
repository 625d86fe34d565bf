"""Destroy a model of CI: gracefully, by force where that does not end, and see that nothing is left."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from bedrock import process
from hoodoo.ci.reports import report
from hoodoo.juju import models

GRACEFUL_S, FORCE_S = 180.0, 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """How long each way may take; 0 leaves it out."""

    graceful_s: float = GRACEFUL_S
    force_s: float = FORCE_S


@dataclass(frozen=True, slots=True, kw_only=True)
class Removed:
    """How it went."""

    proof: tuple[report.Seen, ...]
    destroyed: bool = False
    """Whether there was something to destroy."""
    forced: bool = False
    why: str = ''
    """Of what did not work."""

    @property
    def gone(self) -> bool:
        """Whether nothing of it is left."""
        return all(seen.gone for seen in self.proof)


def remove(
    known: models.Models,
    found: models.Listed,
    bounds: Bounds,
    told: Callable[[str], None],
    *,
    stopped: Callable[[], bool] = lambda: False,
) -> Removed:
    """Destroy the model *found* and look whether it is gone; one that another process destroys is fine.

    Args:
        stopped: Whether to leave it at what was done so far: who ends a gentle way wants no rough one.

    Raises:
        UnreachableFault: the controller does not answer.
    """
    before = known.remains(found.uuid)
    why, forced = '', False
    for force, timeout_s in ((False, bounds.graceful_s), (True, bounds.force_s)):
        if before is None or timeout_s <= 0 or stopped():
            continue
        if force:
            told(f'destroying model {found.name} by force')
            forced = True
        try:
            known.destroy(found, force=force, timeout_s=timeout_s)
        except process.ProgramFault as err:
            why = err.message
        if known.remains(found.uuid) is None:
            break
    proof = tuple(_proof(known, found, before))
    return Removed(
        proof=proof, destroyed=True, forced=forced, why='' if all(seen.gone for seen in proof) else why
    )


def _proof(
    known: models.Models, found: models.Listed, before: models.Remains | None
) -> Iterator[report.Seen]:
    listed = {model.uuid for model in known.listed()}
    after = known.remains(found.uuid)
    where = f'{known.controller}:{found.name}'
    yield report.Seen(what=f'{where} in the list of models', gone=found.uuid not in listed)
    yield report.Seen(what=f'a model with its UUID {found.uuid}', gone=after is None)
    for kind, was, now in (
        ('machine', before.machines if before else (), after.machines if after else ()),
        ('storage', before.storage if before else (), after.storage if after else ()),
    ):
        yield from (report.Seen(what=f'its {kind} {name}', gone=name not in now) for name in was)

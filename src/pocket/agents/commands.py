"""Commands that ``juju-exec`` inside the machine asks a unit's agent for; none outlives the agent."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from pocket.agents import relations
from pocket.agents.hooks import Ran
from pocket.agents.local import Hook, LocalState
from pocket.agents.tools import Reply, failure
from pocket.model import RelationView, UnitView, application_of
from pocket.services.errors import JujuError


def _future() -> asyncio.Future[Reply]:
    return asyncio.get_running_loop().create_future()


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One command that waits to be run."""

    text: str
    relation: str = ''
    """``db:1`` or ``1``: run it as a hook of that relation would be."""
    remote_unit: str = ''
    forced: bool = False
    """Do not ask whether there is such a remote unit."""
    reply: asyncio.Future[Reply] = field(default_factory=_future)

    def hook(self, view: UnitView, local: LocalState) -> Hook | None:
        """The nameless hook that stands for the relation; None when no relation is asked for.

        Raises:
            JujuError: the unit is not in the relation, or it is not clear which remote unit is meant.
        """
        if not self.relation:
            return None
        number = self.relation.rpartition(':')[2]
        found = relations.find(view, int(number)) if number.isdecimal() else None
        if found is None or not found.in_scope:
            raise JujuError(f'invalid value "{self.relation}" for option -r: relation not found')
        remote_unit = self.remote_unit or self._only_member(found, local)
        if self.remote_unit and not self.forced and self.remote_unit not in found.members:
            raise JujuError(f'"{self.remote_unit}" is not in relation {self.relation}')
        return Hook(
            kind='',
            endpoint=found.endpoint,
            relation_id=found.id,
            remote_application=application_of(remote_unit) or found.remote_application,
            remote_unit=remote_unit,
        )

    def _only_member(self, relation: RelationView, local: LocalState) -> str:
        known = local.relations.get(relation.id)
        members = sorted(known.members) if known else []
        if self.forced:
            return ''
        if not members:
            raise JujuError(
                f'no remote unit found for relation id: {relation.id}, override to execute commands'
            )
        if len(members) > 1:
            raise JujuError(f'unable to determine remote-unit, please disambiguate: [{" ".join(members)}]')
        return members[0]

    def finish(self, ran: Ran) -> None:
        """Tell the caller how it ended."""
        code = ran.returncode if ran.returncode >= 0 else 128 - ran.returncode
        self._answer(Reply(code=code, stdout=ran.stdout, stderr=ran.stderr))

    def fail(self, why: str) -> None:
        """Tell the caller that it was not run, or what it changed was not kept."""
        self._answer(failure(why))

    def _answer(self, reply: Reply) -> None:
        if not self.reply.done():  # the caller may have left
            self.reply.set_result(reply)


class Commands:
    """The commands that wait, in the order of asking."""

    def __init__(self, wake: asyncio.Event) -> None:
        """Set *wake* when there is one more."""
        self._waiting: deque[Command] = deque()
        self._wake = wake

    @property
    def waiting(self) -> bool:
        """Whether there is one."""
        return any(not command.reply.done() for command in self._waiting)

    def next(self) -> Command | None:
        """Take the first one whose caller still waits."""
        while self._waiting:
            command = self._waiting.popleft()
            if not command.reply.done():
                return command
        return None

    async def run(self, words: Sequence[str]) -> Reply:
        """Queue what a client says: relation, remote unit, ``force`` or nothing, command; return its end."""
        relation, remote_unit, force, text = words
        command = Command(text=text, relation=relation, remote_unit=remote_unit, forced=force == 'force')
        self._waiting.append(command)
        self._wake.set()
        return await command.reply

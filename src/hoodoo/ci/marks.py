"""What CI writes on each model that it makes: whose it is and until when; and who may remove it."""

from __future__ import annotations

import enum
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from bedrock import alive

# Juju takes no dots in the names of annotations.
_TOKEN, _MODEL = 'hoodoo-ci', 'hoodoo-ci-model'
_OWNER, _EXPIRES, _KEPT = 'hoodoo-ci-owner', 'hoodoo-ci-expires-ms', 'hoodoo-ci-kept'
_SPEC, _REVISION = 'hoodoo-ci-spec', 'hoodoo-ci-revision'
# Anybody may have written one: what Python would not take for a number, or takes very long for, is none.
_NUMBER = re.compile('[0-9]{1,18}')
_PROCESS = re.compile('[1-9][0-9]{0,9} [0-9]{1,20}')


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """A process, and where its number means something."""

    boot: str
    """Of the kernel: another one means another machine, or that this one was started anew."""
    space: str
    """Its namespace of process numbers: a container has its own."""
    user: int
    process: str
    """As `bedrock.alive` tells processes apart."""

    def __str__(self) -> str:
        return f'{self.boot} {self.space} {self.user} {self.process}'

    @classmethod
    def parse(cls, text: str) -> Owner | None:
        """Read back what ``str`` made; None for anything else."""
        boot, space, user, process = [*text.split(' ', 3), '', '', ''][:4]
        if not (boot and space and _NUMBER.fullmatch(user) and _PROCESS.fullmatch(process)):
            return None
        return cls(boot=boot, space=space, user=int(user), process=process)


def me() -> Owner:
    """This process."""
    boot = Path('/proc/sys/kernel/random/boot_id').read_text().strip()
    space = os.readlink('/proc/self/ns/pid').partition('[')[2].rstrip(']')
    return Owner(boot=boot, space=space, user=os.geteuid(), process=alive.me())


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """The annotations of a model of CI."""

    token: str
    """Of the attempt; its model's name ends with it."""
    model_uuid: str
    """Of the model that they were written on: a copy on another one means nothing."""
    owner: Owner | None
    """The process of the attempt; None when nobody can read who that was."""
    expires_ms: int
    kept: bool = False
    """Whether it was left on purpose, for somebody to look into."""
    spec: str = ''
    revision: str = ''


def encode(mark: Mark) -> dict[str, str]:
    """*mark* as annotations; an empty one is none."""
    return {
        _TOKEN: mark.token,
        _MODEL: mark.model_uuid,
        _OWNER: str(mark.owner or ''),
        _EXPIRES: str(mark.expires_ms),
        _KEPT: 'true' if mark.kept else '',
        _SPEC: mark.spec,
        _REVISION: mark.revision,
    }


def decode(notes: Mapping[str, str], *, name: str, uuid: str) -> Mark | None:
    """The mark that the model *name* with *uuid* carries; None unless all of it fits that model."""
    token, expires = notes.get(_TOKEN, ''), notes.get(_EXPIRES, '')
    if not token or not name.endswith(f'-{token}') or notes.get(_MODEL) != uuid:
        return None
    if not _NUMBER.fullmatch(expires):
        return None
    return Mark(
        token=token,
        model_uuid=uuid,
        owner=Owner.parse(notes.get(_OWNER, '')),
        expires_ms=int(expires),
        kept=notes.get(_KEPT) == 'true',
        spec=notes.get(_SPEC, ''),
        revision=notes.get(_REVISION, ''),
    )


class Standing(enum.Enum):
    """What may become of a model of CI."""

    DEAD = 'its process is gone'
    EXPIRED = 'it has expired'
    RUNS = 'its process runs'
    KEPT = 'it is kept until it expires'
    ELSEWHERE = 'its process is not one that can be seen from here'
    STRANGE = 'it has expired, but another host made it'

    @property
    def leftover(self) -> bool:
        """Whether it is to be removed."""
        return self in (Standing.DEAD, Standing.EXPIRED)


def standing(
    mark: Mark, *, here: Owner, lives: Callable[[str], bool], now_ms: int, strangers: bool
) -> Standing:
    """Tell what is to become of the model that carries *mark*.

    Args:
        here: A process of ours.
        lives: Whether the process of a token runs, if it is one of this machine.
        strangers: Whether expired models of other machines, containers and users are ours to remove.
    """
    owner = mark.owner
    # Of other users' processes not every system tells.
    seen = owner is not None and (owner.boot, owner.space) == (here.boot, here.space)
    seen = seen and owner is not None and here.user in (0, owner.user)
    expired = mark.expires_ms <= now_ms
    if not seen or owner is None:
        if not expired:
            return Standing.KEPT if mark.kept else Standing.ELSEWHERE
        return Standing.EXPIRED if strangers else Standing.STRANGE
    if lives(owner.process):
        return Standing.RUNS
    if mark.kept and not expired:
        return Standing.KEPT
    return Standing.EXPIRED if expired else Standing.DEAD

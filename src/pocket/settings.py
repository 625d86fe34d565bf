"""Everything that pocket takes from the environment, read once."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bedrock import errors, files

CHARMHUB_URL = 'https://api.charmhub.io'
"""The public charm store."""

ISOLATIONS = ('auto', 'users', 'capabilities')


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Where pocket keeps things. Two homes are two controllers that do not meet."""

    home: Path
    """POCKET_HOME, default /var/lib/pocket: state, machines, keys, log."""
    cache: Path
    """POCKET_CACHE: images, built charm environments; shared between homes.

    The default is /var/cache/pocket for root and $XDG_CACHE_HOME/pocket for others, who only pack charms.
    """
    port: int
    """POCKET_PORT, default 17070; 0 takes any free port."""
    juju_data: Path
    """JUJU_DATA, else $XDG_DATA_HOME/juju, else ~/.local/share/juju: the Juju client's files.

    Under sudo, ``~`` is the home of the person who said so: who runs ``sudo pocket up`` can run ``juju``.
    """
    controller_name: str
    """POCKET_CONTROLLER, default ``pocket``: the name that it registers under."""
    isolation: str = 'auto'
    """POCKET_ISOLATION: what holds new machines back, one of `ISOLATIONS`."""
    charmhub_url: str = CHARMHUB_URL
    """POCKET_CHARMHUB_URL: the charm store of models that name no other."""

    @property
    def tag(self) -> str:
        """Six hex digits that set the interfaces and rules of this home apart from another's."""
        return hashlib.sha256(str(self.home).encode()).hexdigest()[:6]


def load(environ: Mapping[str, str] | None = None) -> Settings:
    """Read the settings from *environ* (default: the process's own environment)."""
    env = os.environ if environ is None else environ
    return Settings(
        home=Path(env.get('POCKET_HOME') or '/var/lib/pocket').absolute(),
        cache=Path(env.get('POCKET_CACHE') or _cache(env)).absolute(),
        port=int(env.get('POCKET_PORT') or 17070),
        juju_data=juju_data(env),
        controller_name=env.get('POCKET_CONTROLLER') or 'pocket',
        isolation=_isolation(env.get('POCKET_ISOLATION') or 'auto'),
        charmhub_url=env.get('POCKET_CHARMHUB_URL') or CHARMHUB_URL,
    )


def _isolation(value: str) -> str:
    if value not in ISOLATIONS:
        raise errors.UsageFault(
            f'cannot understand POCKET_ISOLATION={value}', hint=f'It is one of {", ".join(ISOLATIONS)}.'
        )
    return value


def juju_data(env: Mapping[str, str]) -> Path:
    """The Juju client's directory, by Juju's own rule."""
    if env.get('JUJU_DATA'):
        return Path(env['JUJU_DATA']).absolute()
    data = env.get('XDG_DATA_HOME') or files.home_of_invoker(env) / '.local/share'
    return Path(data, 'juju').absolute()


def _cache(env: Mapping[str, str]) -> Path:
    if os.geteuid() == 0:
        return Path('/var/cache/pocket')
    return Path(env.get('XDG_CACHE_HOME') or files.home_of_invoker(env) / '.cache', 'pocket')

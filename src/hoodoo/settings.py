"""Everything that hoodoo takes from the environment, read once."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bedrock import errors, files

DEFAULT_SERIES = 'noble'
CHARMHUB_URL = 'https://api.charmhub.io'
_REFRESH_S = 600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The environment as hoodoo understands it; an empty text means that the variable is not set."""

    home: Path
    """HOME."""
    root: Path
    """MOJO_ROOT, default ~/.local/share/mojo: projects, their workspaces, the journal."""
    cache: Path
    """$XDG_CACHE_HOME/hoodoo, default ~/.cache/hoodoo: packed charms and their Python packages."""
    inventory: Path
    """HOODOO_INVENTORY, default $XDG_CONFIG_HOME/hoodoo/inventory: which environments there are."""
    state: Path
    """$XDG_STATE_HOME/hoodoo, default ~/.local/state/hoodoo: index, audit journal, client directories."""
    juju_data: Path
    """JUJU_DATA, else $XDG_DATA_HOME/juju, else ~/.local/share/juju: the Juju client's files."""
    juju: str
    """HOODOO_JUJU: the juju program to use."""
    controller: str
    """JUJU_CONTROLLER."""
    model: str
    """JUJU_MODEL, ``[controller:]model``."""
    cloud: str
    """HOODOO_CLOUD: the cloud of a model that a run makes."""
    project: str
    """MOJO_PROJECT."""
    series: str
    """MOJO_SERIES."""
    workspace: str
    """MOJO_WORKSPACE."""
    spec: str
    """MOJO_SPEC."""
    stage: str
    """MOJO_STAGE."""
    container_class: str
    """MOJO_CONTAINER_CLASS: the class of containers of a project that is made."""
    offline: bool
    """HOODOO_OFFLINE: use what was fetched before instead of asking the network."""
    read_only: str
    """HOODOO_READ_ONLY: the environment of a connected shell in which nothing is to be changed."""
    logfile: str
    """MOJO_LOGFILE: also write the plain output to this file."""
    environ: Mapping[str, str]
    """The whole environment: manifests, bundles and scripts see it."""

    def refuse_read_only(self, verb: str) -> None:
        """Stop here in a shell in which nothing is to be changed.

        Raises:
            UsageFault: we are in one.
        """
        if self.read_only:
            raise errors.UsageFault(
                f'cannot {verb} in {self.read_only}: this shell is read-only',
                hint=f'To change something: hoodoo env connect {self.read_only} --write --reason "..."',
            )

    def refuse_connected(self, verb: str) -> None:
        """Stop here in a shell that is connected to an environment.

        Raises:
            UsageFault: we are in one.
        """
        if connected := self.environ.get('HOODOO_ENVIRONMENT'):
            raise errors.UsageFault(
                f'cannot {verb} in {connected}: this shell is about that environment alone',
                hint='Leave this shell: exit',
            )


def charmhub_url(environ: Mapping[str, str]) -> str:
    """HOODOO_CHARMHUB_URL: the charm store that collect asks; default Charmhub."""
    return environ.get('HOODOO_CHARMHUB_URL') or CHARMHUB_URL


def refresh_after_s(environ: Mapping[str, str]) -> float:
    """HOODOO_REFRESH: minutes after which what is known of environments is renewed; 0 for never."""
    text = environ.get('HOODOO_REFRESH', '')
    try:
        return max(0.0, float(text) * 60) if text else _REFRESH_S
    except ValueError:
        return 0.0 if text.lower() in ('no', 'off', 'false') else _REFRESH_S


def kept_attempts(environ: Mapping[str, str]) -> str:
    """HOODOO_CI_KEEP: how many attempts of CI are kept that were made by hand, and for how long."""
    return environ.get('HOODOO_CI_KEEP', '')


def is_offline(environ: Mapping[str, str]) -> bool:
    """HOODOO_OFFLINE: whether only what was fetched before is to be used."""
    return environ.get('HOODOO_OFFLINE', '').lower() not in ('', '0', 'false', 'no')


def load(environ: Mapping[str, str] | None = None) -> Settings:
    """Read the settings from *environ* (default: the process's own environment)."""
    env = dict(os.environ if environ is None else environ)
    home = Path(env.get('HOME') or '/root')
    # Where pocket registers itself: under sudo, with the person who said so.
    data = Path(env.get('XDG_DATA_HOME') or files.home_of_invoker(env) / '.local/share')
    return Settings(
        home=home,
        root=Path(env.get('MOJO_ROOT') or home / '.local/share/mojo').absolute(),
        cache=Path(env.get('XDG_CACHE_HOME') or home / '.cache', 'hoodoo').absolute(),
        inventory=Path(
            env.get('HOODOO_INVENTORY')
            or Path(env.get('XDG_CONFIG_HOME') or home / '.config', 'hoodoo', 'inventory')
        ).absolute(),
        state=Path(env.get('XDG_STATE_HOME') or home / '.local/state', 'hoodoo').absolute(),
        juju_data=Path(env.get('JUJU_DATA') or data / 'juju').absolute(),
        juju=env.get('HOODOO_JUJU', ''),
        controller=env.get('JUJU_CONTROLLER', ''),
        model=env.get('JUJU_MODEL', ''),
        cloud=env.get('HOODOO_CLOUD', ''),
        project=env.get('MOJO_PROJECT', ''),
        series=env.get('MOJO_SERIES', ''),
        workspace=env.get('MOJO_WORKSPACE', ''),
        spec=env.get('MOJO_SPEC', ''),
        stage=env.get('MOJO_STAGE', ''),
        container_class=env.get('MOJO_CONTAINER_CLASS', ''),
        offline=is_offline(env),
        read_only=env.get('HOODOO_READ_ONLY', ''),
        logfile=env.get('MOJO_LOGFILE', ''),
        environ=env,
    )

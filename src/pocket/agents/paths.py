"""Where things are in a machine: Juju's own paths, because charms look at them."""

from __future__ import annotations

from dataclasses import dataclass

from pocket.model import unit_tag
from pocket.model.resources import Resource


@dataclass(frozen=True, slots=True, kw_only=True)
class MachinePaths:
    """The paths of units as the inside of a machine has them."""

    juju: str = '/var/lib/juju'
    run: str = '/run/pocket'
    """Where the machine sees `Host.run_dir`."""
    programs: str = '/usr/bin'
    """Where ``juju-exec`` is."""
    logs: str = '/var/log/juju'
    etc: str = '/etc'
    """Where the proxies of the model are told."""

    @property
    def hook_tool(self) -> str:
        return f'{self.run}/{HOOK_TOOL}'

    @property
    def debug_hook(self) -> str:
        return f'{self.run}/{DEBUG_HOOK}'

    @staticmethod
    def debug_session(unit: str) -> str:
        """The file by which juju debug-hooks says what it wants; Juju's own client writes the same."""
        return f'/tmp/juju-{unit_tag(unit)}-debug-hooks'  # noqa: S108 (in the machine; only root's counts)

    def agent(self, unit: str) -> str:
        return f'{self.juju}/agents/{unit_tag(unit)}'

    def charm(self, unit: str) -> str:
        return f'{self.agent(unit)}/charm'

    def resource(self, unit: str, resource: Resource) -> str:
        return f'{self.agent(unit)}/resources/{resource.name}/{resource.file_name}'

    def tools(self, unit: str) -> str:
        return f'{self.juju}/tools/{unit_tag(unit)}'

    def socket(self, unit: str) -> str:
        return f'{self.run}/{socket_name(unit)}'


HOOK_TOOL = 'hook-tool'
"""The file in `Host.run_dir` that all hook tools are links to."""


DEBUG_HOOK = 'debug-hook'
"""The file in `Host.run_dir` that runs a hook in a session of ``juju debug-hooks``."""


def socket_name(unit: str) -> str:
    """The file in `Host.run_dir` that is the unit agent's socket."""
    return f'{unit_tag(unit)}.socket'

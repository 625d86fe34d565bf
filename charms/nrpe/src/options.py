"""The charm's options, typed; one that cannot work is refused here with its name."""

from __future__ import annotations

import re
from dataclasses import dataclass

NO_MASTER = 'None'
"""A nagios_master that stands for no server, as in the classic charm."""

_ARGUMENTS = re.compile(r'[\w\s.,:%/=+@()\'^|*-]*', re.ASCII)
_WORD = re.compile(r'[\w.-]*', re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """All options by their names in charmcraft.yaml, dashes as underscores."""

    nagios_master: str
    require_nagios: bool
    server_port: int
    nagios_address_type: str
    nagios_host_context: str
    nagios_hostname_type: str
    dont_blame_nrpe: bool
    debug: bool
    disable_system_checks: bool
    disk_root: str
    space_check: str
    zombies: str
    procs: str
    load: str
    conntrack: str
    users: str
    swap: str
    swap_activity: str
    mem: str
    arp_cache: str
    ro_filesystem_excludes: str
    reboot: bool
    monitors: str
    hostgroups: str
    hostcheck_inherit: str
    export_nagios_definitions: bool
    sub_postfix: str

    def __post_init__(self) -> None:
        """Refuse values that cannot work; ops shows the message as the unit's blocked status."""
        for name, allowed in (
            ('nagios_address_type', ('private', 'public')),
            ('nagios_hostname_type', ('auto', 'unit', 'host')),
        ):
            if getattr(self, name) not in allowed:
                raise ValueError(f'{name} must be one of: {", ".join(allowed)}')
        if not 0 < self.server_port < 65536:
            raise ValueError('server_port must be a port from 1 to 65535')
        for name in _CHECK_ARGUMENTS:
            # These become part of a line that a shell runs.
            if not _ARGUMENTS.fullmatch(getattr(self, name)):
                raise ValueError(f'{name} holds characters that are no arguments of a check')
        for name in ('nagios_host_context', 'sub_postfix', 'hostcheck_inherit'):
            if not _WORD.fullmatch(getattr(self, name)):
                raise ValueError(f'{name} must be one word')
        if not all(text.isprintable() for text in (self.nagios_master, self.hostgroups)):
            raise ValueError('nagios_master and hostgroups must be one line each')

    @property
    def masters(self) -> tuple[str, ...]:
        """The Nagios servers outside of the model."""
        if self.nagios_master == NO_MASTER:
            return ()
        return tuple(part for part in (raw.strip() for raw in self.nagios_master.split(',')) if part)

    @property
    def exports(self) -> bool:
        """Whether definitions for a Nagios outside of the model are written."""
        return self.export_nagios_definitions or bool(self.masters)


_CHECK_ARGUMENTS = (
    'disk_root',
    'space_check',
    'zombies',
    'procs',
    'load',
    'conntrack',
    'users',
    'swap',
    'swap_activity',
    'mem',
    'arp_cache',
    'ro_filesystem_excludes',
)

"""The checks of the machine that this charm brings; what the machine is comes in, checks come out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import options

PACKAGED = '/usr/lib/nagios/plugins'
OWN = '/usr/local/lib/nagios/plugins'
ACKNOWLEDGED_BOOT = '/var/lib/nagios/acknowledged-boot'

_LINUX = f'{OWN}/check_linux.py'
_SPACE = '-w 25% -c 20% -K 5%'


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What the machine is."""

    hostname: str
    cpus: int
    is_container: bool
    is_bare_metal: bool
    mounts: tuple[str, ...] = ()
    """Where block devices are mounted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One check of the agent; its command is a line for a shell."""

    name: str
    description: str
    command: str


def of_machine(given: options.Options, facts: Facts) -> tuple[Check, ...]:
    """Return the wanted checks; a container has no load, memory, swap or disks of its own."""
    if given.disable_system_checks:
        return ()
    found = [*_anywhere(given, facts), *(() if facts.is_container else _not_in_containers(given, facts))]
    return tuple(
        replace(check, name=check.name + given.sub_postfix, description=f'{check.description} (sub)')
        for check in found
    )


def _anywhere(given: options.Options, facts: Facts) -> Iterator[Check]:
    procs = given.procs
    if procs == 'auto':
        procs = f'-k -w {25 * facts.cpus + 100} -c {50 * facts.cpus + 100}'
    yield from _if_wanted(
        'check_zombie_procs', 'Number of Zombie processes', f'{PACKAGED}/check_procs', given.zombies
    )
    yield from _if_wanted('check_total_procs', 'Number of processes', f'{PACKAGED}/check_procs', procs)
    yield from _if_wanted('check_users', 'Number of Users', f'{PACKAGED}/check_users', given.users)
    yield from _if_wanted(
        'check_conntrack', 'Connection tracking table', f'{_LINUX} conntrack', given.conntrack
    )
    if given.reboot:
        yield Check(
            name='check_reboot',
            description='Unknown reboot',
            command=f'{_LINUX} reboot --acknowledged {ACKNOWLEDGED_BOOT}',
        )


def _not_in_containers(given: options.Options, facts: Facts) -> Iterator[Check]:
    load = given.load
    if load == 'auto':
        warning, critical = (
            ','.join(str(factor * facts.cpus) for factor in factors) for factors in ((4, 2, 1), (8, 4, 2))
        )
        load = f'-w {warning} -c {critical}'
    yield from _if_wanted('check_load', 'System Load', f'{PACKAGED}/check_load', load)
    disk = f'{PACKAGED}/check_disk'
    if given.disk_root.strip():
        yield Check(
            name='check_disk_root', description='Root disk', command=f'{disk} {given.disk_root.strip()} -p /'
        )
    space = _SPACE if given.space_check == 'auto' else given.space_check.strip()
    for mount in facts.mounts if space else ():
        name = 'root' if mount == '/' else mount.strip('/').replace('/', '_')
        yield Check(
            name=f'check_space_{name}',
            description=f'Space on {mount}',
            command=f"{disk} {space} -p '{mount}'",
        )
    yield from _if_wanted('check_swap', 'Swap', f'{PACKAGED}/check_swap', given.swap)
    yield from _if_wanted(
        'check_swap_activity', 'Swap Activity', f'{_LINUX} swap-activity', given.swap_activity
    )
    yield from _if_wanted('check_mem', 'Memory', f'{_LINUX} mem', given.mem)
    yield from _if_wanted('check_arp_cache', 'ARP cache entries', f'{_LINUX} arp-cache', given.arp_cache)
    excludes = given.ro_filesystem_excludes.strip()
    if excludes:
        yield Check(
            name='check_ro_filesystem',
            description='Readonly filesystems',
            command=f"{_LINUX} ro-filesystem -e '{excludes}'",
        )


def _if_wanted(name: str, description: str, program: str, arguments: str) -> Iterator[Check]:
    if arguments.strip():
        yield Check(name=name, description=description, command=f'{program} {arguments.strip()}')

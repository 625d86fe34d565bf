"""The charm's own checks, by option and by machine."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import agent
import checks
import options
import pytest

Configure = Callable[..., options.Options]

LINUX = '/usr/local/lib/nagios/plugins/check_linux.py'
EVERYWHERE = {
    'check_total_procs': '/usr/lib/nagios/plugins/check_procs -k -w 150 -c 200',
    'check_conntrack': f'{LINUX} conntrack -w 80 -c 90',
}
NOT_IN_CONTAINERS = {
    'check_load': '/usr/lib/nagios/plugins/check_load -w 8,4,2 -c 16,8,4',
    'check_disk_root': '/usr/lib/nagios/plugins/check_disk -u GB -w 25% -c 20% -K 5% -p /',
    'check_swap': '/usr/lib/nagios/plugins/check_swap -w 40% -c 25%',
    'check_swap_activity': f'{LINUX} swap-activity -i 5 -w 10240 -c 40960',
    'check_mem': f'{LINUX} mem -C -h -u -w 85 -c 90',
    'check_arp_cache': f'{LINUX} arp-cache -w 60 -c 80',
    'check_ro_filesystem': (f"{LINUX} ro-filesystem -e '/snap/,/sys/fs/cgroup'"),
}


def commands(given: options.Options, facts: checks.Facts) -> dict[str, str]:
    return {check.name: check.command for check in checks.of_machine(given, facts)}


def test_a_virtual_machine_has_all_default_checks(
    configure: Configure, virtual_machine: checks.Facts
) -> None:
    assert commands(configure(), virtual_machine) == EVERYWHERE | NOT_IN_CONTAINERS


def test_a_container_has_no_load_memory_swap_or_disk_checks(
    configure: Configure, virtual_machine: checks.Facts
) -> None:
    container = dataclasses.replace(virtual_machine, is_container=True)
    assert commands(configure(space_check='auto'), container) == EVERYWHERE


@pytest.mark.parametrize(
    ('changes', 'name', 'command'),
    [
        ({'zombies': '-w 3 -c 6 -s Z'}, 'check_zombie_procs', 'check_procs -w 3 -c 6 -s Z'),
        ({'users': '-w 20 -c 25'}, 'check_users', 'check_users -w 20 -c 25'),
        ({'procs': '-w 7 -c 9'}, 'check_total_procs', 'check_procs -w 7 -c 9'),
        ({'load': '-w 1,1,1 -c 2,2,2'}, 'check_load', 'check_load -w 1,1,1 -c 2,2,2'),
        ({'space_check': 'auto'}, 'check_space_root', "check_disk -w 25% -c 20% -K 5% -p '/'"),
        ({'space_check': '-w 9%'}, 'check_space_srv_data', "check_disk -w 9% -p '/srv/data'"),
        ({'reboot': True}, 'check_reboot', 'reboot --acknowledged /var/lib/nagios/acknowledged-boot'),
        ({'sub_postfix': '_sub'}, 'check_mem_sub', 'mem -C -h -u -w 85 -c 90'),
    ],
)
def test_an_option_makes_its_check(
    configure: Configure, virtual_machine: checks.Facts, changes: dict[str, object], name: str, command: str
) -> None:
    assert commands(configure(**changes), virtual_machine)[name].endswith(command)


@pytest.mark.parametrize('name', ['procs', 'load', 'mem', 'swap', 'swap_activity', 'conntrack', 'disk_root'])
def test_an_empty_option_leaves_its_check_out(
    configure: Configure, virtual_machine: checks.Facts, name: str
) -> None:
    fewer = commands(configure(**{name: ''}), virtual_machine)
    assert len(fewer) == len(EVERYWHERE | NOT_IN_CONTAINERS) - 1


def test_all_can_be_left_out_together(configure: Configure, virtual_machine: checks.Facts) -> None:
    assert commands(configure(disable_system_checks=True, reboot=True), virtual_machine) == {}


@pytest.mark.parametrize(
    ('changes', 'problem'),
    [
        ({'procs': '-w 1; reboot'}, 'procs holds characters'),
        ({'load': '$(id)'}, 'load holds characters'),
        ({'server_port': 0}, 'server_port must be a port'),
        ({'nagios_hostname_type': 'name'}, 'nagios_hostname_type must be one of: auto, unit, host'),
        ({'nagios_address_type': 'x'}, 'nagios_address_type must be one of'),
        ({'sub_postfix': '/x'}, 'sub_postfix must be one word'),
        ({'nagios_master': '10.0.0.1\nallowed_hosts=*'}, 'one line'),
    ],
)
def test_an_option_that_cannot_work_is_refused(
    configure: Configure, changes: dict[str, object], problem: str
) -> None:
    with pytest.raises(ValueError, match=problem):
        configure(**changes)


def test_each_block_device_counts_once_and_images_do_not() -> None:
    table = (
        '/dev/vda1 / ext4 rw 0 0\n'
        'tmpfs /run tmpfs rw 0 0\n'
        '/dev/loop3 /snap/core squashfs ro 0 0\n'
        '/dev/vdb /srv/data ext4 rw 0 0\n'
        '/dev/vdb /mnt/again ext4 rw 0 0\n'
    )
    assert agent.block_mounts(table) == ('/', '/srv/data')


def test_the_readme_names_every_option(defaults: options.Options) -> None:
    readme = (Path(__file__).parents[2] / 'README.md').read_text().replace('require-nagios', 'require_nagios')
    assert [name for name in defaults.__dataclass_fields__ if f'`{name}`' not in readme] == []

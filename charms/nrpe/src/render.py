"""The texts of the agent's and of Nagios's files; pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

import checks
import options

CONFIG = '/etc/nagios/nrpe.cfg'
CHECKS_DIR = '/etc/nagios/nrpe.d'
EXPORT_DIR = '/var/lib/nagios/export'
RSYNC_MAIN = '/etc/rsyncd.conf'
RSYNC_DIR = '/etc/rsync-juju.d'
RSYNC_MODULE = f'{RSYNC_DIR}/010-nrpe-external-master.conf'
MARK = '# Written by the nrpe charm; a change made here is lost.'
"""In every file of this charm: those that have it and are no longer wanted are removed."""

_COMMAND = re.compile(r'^command\[(?P<name>[^\]]+)\]=(?P<command>.+)$', re.MULTILINE)


def daemon(given: options.Options, allowed: Iterable[str]) -> str:
    """Return nrpe.cfg; this machine and *allowed* may ask."""
    hosts = ','.join(dict.fromkeys(('127.0.0.1', *given.masters, *allowed)))
    settings = {
        'server_port': given.server_port,
        'allowed_hosts': hosts,
        'nrpe_user': 'nagios',
        'nrpe_group': 'nagios',
        'dont_blame_nrpe': int(given.dont_blame_nrpe),
        'debug': int(given.debug),
        'command_timeout': 60,
        'pid_file': '/run/nagios/nrpe.pid',
        'include_dir': f'{CHECKS_DIR}/',
    }
    return '\n'.join([MARK, *(f'{key}={value}' for key, value in settings.items()), ''])


def agent_files(wanted: Iterable[checks.Check]) -> Mapping[str, str]:
    """Return one file a check for the agent."""

    def text(check: checks.Check) -> str:
        return f'# {check.description}\n{MARK}\ncommand[{check.name}]={check.command}\n'

    return {f'{CHECKS_DIR}/{check.name}.cfg': text(check) for check in wanted}


def export_files(
    given: options.Options, wanted: Iterable[checks.Check], *, host: str, address: str
) -> Mapping[str, str]:
    """Return the definitions of this host and its checks for a Nagios outside of the model."""
    groups = ', '.join(['machines', *(part.strip() for part in given.hostgroups.split(',') if part.strip())])
    entries = {
        'address': address,
        'host_name': host,
        'use': given.hostcheck_inherit,
        'hostgroups': groups,
    }
    made = {f'{EXPORT_DIR}/host__{host}.cfg': _definition('host', entries)}
    for check in wanted:
        short = check.name.removeprefix('check_')
        entries = {
            'use': 'active-service',
            'host_name': host,
            'service_description': f'{host}[{short}] {check.description}',
            'check_command': f'check_nrpe!{check.name}',
            'servicegroups': given.nagios_host_context,
        }
        made[f'{EXPORT_DIR}/service__{host}_{check.name}.cfg'] = _definition(
            'service', {key: value for key, value in entries.items() if value}
        )
    return made


def rsync_files(given: options.Options) -> Mapping[str, str]:
    """Return the configuration by which the masters fetch the exports."""
    module = {
        'path': EXPORT_DIR,
        'comment': 'Nagios definitions of this machine',
        'list': 'false',
        'read only': 'true',
        'timeout': '300',
        'uid': 'nobody',
        'gid': 'nogroup',
        'hosts allow': ' '.join(given.masters) or '127.0.0.1',
        'hosts deny': '*',
    }
    lines = [MARK, '[external-nagios]', *(f'    {key} = {value}' for key, value in module.items()), '']
    return {
        RSYNC_MAIN: f'{MARK}\nuid = nobody\ngid = nogroup\nuse chroot = yes\n&include {RSYNC_DIR}\n',
        RSYNC_MODULE: '\n'.join(lines),
    }


def commands(text: str) -> Mapping[str, str]:
    """Return the commands that a file of the agent defines, by name."""
    return {found['name']: found['command'].strip() for found in _COMMAND.finditer(text)}


def _definition(kind: str, entries: Mapping[str, str]) -> str:
    body = ''.join(f'    {key:<22}{value}\n' for key, value in entries.items())
    return f'{MARK}\ndefine {kind} {{\n{body}}}\n'

"""ssh and scp: what OpenSSH is started with; a script that notes its arguments stands in for it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from .conftest import Client, FakeController

SCRIPT = """#!/bin/sh
printf '%s\\n' "$@" > {folder}/args
for word in "$@"; do
    case "$word" in UserKnownHostsFile=*) cat "${{word#*=}}" > {folder}/known ;; esac
done
exit 7
"""


@pytest.fixture
def openssh(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, client: Client, controller: FakeController
) -> Path:
    """A folder that gets OpenSSH's arguments and known hosts; the controller knows one unit."""
    folder = tmp_path / 'bin'
    folder.mkdir()
    for name in ('ssh', 'scp'):
        (folder / name).write_text(SCRIPT.format(folder=folder))
        (folder / name).chmod(0o755)
    monkeypatch.setenv('PATH', str(folder), prepend=':')
    (client.folder / 'ssh').mkdir()
    for name in ('juju_id_rsa', 'juju_id_rsa.pub'):
        (client.folder / 'ssh' / name).write_text('a key')

    def addresses(params: dict[str, Any]) -> dict[str, Any]:
        assert params['entities'] in ([{'tag': 'unit-my-app-0'}], [{'tag': 'machine-3'}])
        return {'results': [{'addresses': ['127.0.0.1', '10.0.0.5']}]}

    keys = {'results': [{'public-keys': ['ssh-ed25519 AAAA', 'ssh-rsa BBBB']}]}
    controller.answers |= {
        'Application.Leader': lambda params: {'result': 'my-app/0'},
        'SSHClient.AllAddresses': addresses,
        'SSHClient.PublicKeys': lambda params: keys,
    }
    return folder


def _args(folder: Path) -> list[str]:
    return (folder / 'args').read_text().splitlines()


@pytest.mark.parametrize('target', ['my-app/0', 'my-app/leader', '3'])
def test_the_target_s_address_and_host_keys_are_used_and_the_exit_code_passes(
    openssh: Path, client: Client, target: str
) -> None:
    assert client.run('ssh', target, '-v', 'ls', '--all').code == 7
    args = _args(openssh)
    assert args[-4:] == ['ubuntu@10.0.0.5', '-v', 'ls', '--all']
    assert 'StrictHostKeyChecking=yes' in args
    assert str(client.folder / 'ssh' / 'juju_id_rsa') in args
    assert (openssh / 'known').read_text() == '10.0.0.5 ssh-ed25519 AAAA\n10.0.0.5 ssh-rsa BBBB\n'


def test_the_known_hosts_file_is_gone_afterwards(openssh: Path, client: Client) -> None:
    client.run('ssh', 'my-app/0', 'ls')
    named = next(word for word in _args(openssh) if word.startswith('UserKnownHostsFile='))
    assert not Path(named.partition('=')[2]).exists()


def test_without_checks_no_host_key_is_asked_for(
    openssh: Path, client: Client, controller: FakeController
) -> None:
    client.run('ssh', '--no-host-key-checks', 'root@my-app/0', 'ls')
    args = _args(openssh)
    assert args[-2:] == ['root@10.0.0.5', 'ls']
    assert 'UserKnownHostsFile=/dev/null' in args
    assert controller.asked('SSHClient.PublicKeys') == []


def test_a_machine_without_host_keys_is_not_trusted_blindly(
    openssh: Path, client: Client, controller: FakeController
) -> None:
    controller.answers['SSHClient.PublicKeys'] = lambda params: {'results': [{'public-keys': []}]}
    done = client.run('ssh', 'my-app/0', 'ls')
    assert done.code == 1
    assert 'cannot check the host key' in done.err
    assert not (openssh / 'args').exists()


def test_scp_resolves_targets_and_leaves_other_words(openssh: Path, client: Client) -> None:
    assert client.run('scp', '--', '-r', 'a:b', './c', 'root@my-app/0:/srv/d').code == 7
    assert _args(openssh)[-4:] == ['-r', 'a:b', './c', 'root@10.0.0.5:/srv/d']


def test_scp_between_local_files_is_wrong_usage(openssh: Path, client: Client) -> None:
    assert client.run('scp', 'a', 'b').code == 2
    assert not (openssh / 'args').exists()


def test_what_is_no_target_is_refused(openssh: Path, client: Client) -> None:
    done = client.run('ssh', 'my-app', 'ls')
    assert (done.code, done.err) == (
        1,
        'ERROR cannot connect to "my-app": it is neither a unit nor a machine\n',
    )

"""Keeps the files of one machine that tell its programs of the model's proxies."""

from __future__ import annotations

from bedrock import errors
from pocket.agents.environment import SYSTEM_PATH
from pocket.agents.site import Site
from pocket.services import models, proxies

_QUICK_S = 30.0
_WRITE = r"""
use strict;
umask 0022;
local $/;
my $input = <STDIN>;
while ($input =~ s/\A(\S+) (\d+)\n//) {
    my ($path, $text) = ($1, substr($input, 0, $2, ''));
    my ($folder) = $path =~ m{\A(.*)/};
    if ($text eq '') { unlink $path; next; }
    next unless -d $folder;
    open(my $out, '>', "$path.juju") or die "cannot write $path: $!";
    print $out $text;
    close $out or die "cannot write $path: $!";
    rename "$path.juju", $path or die "cannot write $path: $!";
}
"""
"""Run by perl in the machine; its input is for each file ``path length``, a line feed and that many bytes."""


class MachineProxies:
    """Writes the files when the model's options are others than those that were written last."""

    def __init__(self, site: Site, *, model_uuid: str, host_name: str) -> None:
        self._site = site
        self._model = model_uuid
        self._host_name = host_name
        self._written: dict[str, str] | None = None

    async def write(self) -> None:
        """Have the machine's files as they are to be.

        Raises:
            Fault: the machine cannot be written to.
        """
        config = self._site.state.read(models.get_config, self._model)
        wanted = proxies.files({name: option.value for name, option in config.items()})
        if wanted == self._written:
            return
        done = await self._site.substrate.exec(
            self._host_name,
            ['/usr/bin/perl', '-e', _WRITE],
            env={'PATH': SYSTEM_PATH},
            stdin=b''.join(_framed(f'{self._site.paths.etc}/{name}', text) for name, text in wanted.items()),
            timeout_s=_QUICK_S,
        )
        if done.returncode != 0:
            raise errors.Fault(
                f'cannot write the proxy files: {done.stderr.decode(errors="replace").strip()}'
            )
        self._written = wanted

    def forget(self) -> None:
        """The machine has been started: its files may be anyone's."""
        self._written = None


def _framed(path: str, text: str) -> bytes:
    encoded = text.encode()
    return f'{path} {len(encoded)}\n'.encode() + encoded

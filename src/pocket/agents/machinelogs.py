"""Keeps ``/var/log/juju`` of one machine: what the model's log has of the machine and of its units.

The files are written by a program inside the machine, which gets what has gathered since it was last started:
an idle machine has no process of ours, a chatty one starts one a second.
"""

from __future__ import annotations

import asyncio
import logging

from bedrock import errors
from pocket.agents.environment import SYSTEM_PATH
from pocket.agents.site import Site
from pocket.services import machinelogs

log = logging.getLogger(__name__)

PAUSE_S = 1.0
"""Shortest time between two writes."""
MAX_BYTES = 100 * 2**20
"""A file that is longer becomes ``.1``, as Juju rotates its own."""

_WRITE = r"""
use strict;
my ($folder, $most) = @ARGV;
mkdir $folder, 0755;
local $/;
my $input = <STDIN>;
while ($input =~ s/\A([a-z0-9-]+) (\d+)\n//) {
    my ($file, $text) = ("$folder/$1.log", substr($input, 0, $2, ''));
    rename $file, "$file.1" if -s $file && -s _ > $most;
    umask 0027;
    open(my $out, '>>', $file) or die "cannot write $file: $!";
    print $out $text;
    close $out or die "cannot write $file: $!";
}
"""
"""Run by perl in the machine; its input is for each file ``name length``, a line feed and that many bytes."""


class MachineLogs:
    """Writes the log files of one machine that runs."""

    def __init__(self, site: Site, *, model_uuid: str, machine_id: str, host_name: str) -> None:
        self._site = site
        self._of = (model_uuid, machine_id)
        self._host_name = host_name

    async def run(self) -> None:
        """Write lines soon after they come, until cancelled."""
        watch = self._site.state.watch('logs')
        try:
            while True:
                if self._of[0] not in await watch.changed():
                    continue
                while await self._write():
                    pass
                await asyncio.sleep(PAUSE_S)  # what comes meanwhile goes with the next
        except errors.Fault as fault:
            # The machine stops, or is too full to write: its next start tries again.
            log.warning('no log files for machine %s: %s', self._host_name, fault.message)
        finally:
            watch.close()

    async def _write(self) -> bool:
        """Write one batch; False when there is no more."""
        state = self._site.state
        before = state.read(machinelogs.pending, *self._of)
        last, texts = before
        if texts:
            done = await self._site.substrate.exec(
                self._host_name,
                ['/usr/bin/perl', '-e', _WRITE, self._site.paths.logs, str(MAX_BYTES)],
                env={'PATH': SYSTEM_PATH},
                stdin=_framed(texts),
            )
            if done.returncode != 0:
                raise errors.Fault(done.stderr.decode(errors='replace').strip())
        if texts or last:
            await state.write(machinelogs.written, *self._of, last)
        return bool(texts) and bool(state.read(machinelogs.pending, *self._of)[1])


def _framed(texts: dict[str, str]) -> bytes:
    encoded = {tag: text.encode(errors='replace') for tag, text in sorted(texts.items())}
    return b''.join(f'{tag} {len(text)}\n'.encode() + text for tag, text in encoded.items())

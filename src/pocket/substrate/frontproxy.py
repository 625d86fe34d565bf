"""The doors of models on Kubernetes: a haproxy for each with an ingress, at its gateway's ports 80 and 443.

Its first process outlives the daemon and starts, at each change, another worker that takes the listening
sockets over: no connection is dropped.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import os
import pwd
import shutil
import signal
from collections.abc import Iterable
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from bedrock import errors, files, process
from pocket.model.cluster import Front
from pocket.settings import Settings
from pocket.substrate import _frontrules, procs
from pocket.substrate.procs import ProcessId

_TIMEOUT_S = 30.0
_PATH = '/usr/sbin:/usr/bin:/sbin:/bin'
_USERS = ('haproxy', 'nobody')
_LIFETIME = datetime.timedelta(days=3650)


class FrontProxies:
    """The doors of one home."""

    def __init__(self, settings: Settings) -> None:
        self._folder = settings.home / 'front'

    def known(self) -> frozenset[str]:
        """The models that have a door, those of an earlier daemon included."""
        if not self._folder.is_dir():
            return frozenset()
        return frozenset(entry.name for entry in self._folder.iterdir())

    async def apply(self, model: str, front: Front) -> None:
        """Let *model* have the door *front*; what is so already is left alone.

        Raises:
            Fault: haproxy is missing or refuses.
        """
        folder = self._folder / model
        wanted = self._files(folder, front)
        running = self._running(folder)
        if running is not None and all(_has(folder / name, text) for name, text in wanted.items()):
            return
        program = shutil.which('haproxy', path=_PATH)
        if program is None:
            raise errors.Fault('cannot carry out ingresses: there is no haproxy', hint='apt install haproxy')
        await asyncio.to_thread(_write, folder, wanted)
        command = [program, '-C', str(folder), '-f', str(folder / 'haproxy.cfg')]
        try:
            await process.arun([*command, '-c'], timeout_s=_TIMEOUT_S)
        except errors.Fault:
            # What runs goes on as it was; the next call is not to take this for what it runs by.
            (folder / 'haproxy.cfg').unlink()
            raise
        if running is not None:
            # It starts the new worker, which asks the old one for the sockets, and then ends that.
            os.kill(running.pid, signal.SIGUSR2)
        else:
            await process.arun([*command, '-W', '-D', '-p', str(folder / 'pid')], timeout_s=_TIMEOUT_S)

    async def wait_ended(self, models: Iterable[str]) -> str:
        """Wait until one of the doors of *models* does not run, and say whose; without any, for ever."""
        running: dict[str, ProcessId] = {}
        for model in models:
            found = self._running(self._folder / model)
            if found is None:
                return model
            running[model] = found
        waits = {
            asyncio.ensure_future(procs.wait_gone([who.pid], timeout_s=None)): model
            for model, who in running.items()
        }
        try:
            if not waits:
                await asyncio.Event().wait()
            done, _ = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            return waits[done.pop()]
        finally:
            for wait in waits:
                wait.cancel()
            await asyncio.gather(*waits, return_exceptions=True)

    async def remove(self, model: str) -> None:
        """End the door of *model*, with the keys of its certificates."""
        folder = self._folder / model
        running = self._running(folder)
        if running is not None:
            os.kill(running.pid, signal.SIGTERM)
            if not await procs.wait_gone([running.pid], timeout_s=_TIMEOUT_S):
                os.kill(running.pid, signal.SIGKILL)
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)

    async def remove_all(self) -> None:
        """End every door of this home, those too whose files somebody has removed."""
        for model in sorted(self.known()):
            await self.remove(model)
        for pid in self._strays():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def _strays(self) -> list[int]:
        """The processes that run by a configuration below this home."""
        place, found = os.fsencode(self._folder) + b'/', list[int]()
        for entry in Path('/proc').iterdir():
            if entry.name.isdecimal():
                with contextlib.suppress(OSError):
                    program, *words = (entry / 'cmdline').read_bytes().split(b'\0')
                    of_ours = any(word.startswith(place) and word.endswith(b'/haproxy.cfg') for word in words)
                    found += [int(entry.name)] if of_ours and program.endswith(b'/haproxy') else []
        return found

    def _files(self, folder: Path, front: Front) -> dict[str, str]:
        default = folder / _frontrules.DEFAULT
        return {
            _frontrules.DEFAULT: default.read_text() if default.is_file() else _self_signed(),
            **{f'{name}.pem': text for name, text in front.certificates.items()},
            'list': _frontrules.certificate_list(front),
            'haproxy.cfg': _frontrules.configuration(front, folder=folder, user=_user()),
        }

    def _running(self, folder: Path) -> ProcessId | None:
        """The first process of the door in *folder*, should it run."""
        try:
            found = procs.identify(int((folder / 'pid').read_text().split()[0]))
            words = Path(f'/proc/{found.pid}/cmdline').read_bytes().split(b'\0') if found else []
        except (OSError, ValueError, IndexError):
            return None
        # The number may be somebody else's by now.
        return found if os.fsencode(folder / 'haproxy.cfg') in words else None


def _has(path: Path, text: str) -> bool:
    return path.is_file() and path.read_text() == text


def _write(folder: Path, wanted: dict[str, str]) -> None:
    """Write what changed; certificates that are not *wanted* go."""
    files.make_private_folder(folder)
    (folder / 'empty').mkdir(exist_ok=True)
    for name, text in wanted.items():
        if not _has(folder / name, text):
            files.write_private(folder / name, text)
    for path in folder.glob('*.pem'):
        if path.name not in wanted:
            path.unlink()


def _user() -> str:
    known = {entry.pw_name for entry in pwd.getpwall()}
    return next((name for name in _USERS if name in known), _USERS[-1])


def _self_signed() -> str:
    """A certificate, and its key, for hosts that nobody has given one for."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.datetime.now(datetime.UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, 'no certificate for this host')])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + _LIFETIME)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return made.public_bytes(serialization.Encoding.PEM).decode() + private.decode()

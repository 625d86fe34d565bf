"""The daemon: puts the parts together, syncs when suites are due, and stops in order."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import shutil
import signal
import socket
import time
from collections.abc import Mapping
from pathlib import Path

from keeper import errors
from keeper.builder import Builder
from keeper.catalogue import Catalogue
from keeper.filler import Filler
from keeper.objects import Objects
from keeper.reports import Counters, Report
from keeper.server import Answer, Command, Server, json_answer
from keeper.settings import Settings
from keeper.tree import Trees
from keeper.upstream import Limits, Upstream

_FIRST_RETRY_S = 2.0
_LAST_RETRY_S = 60.0
_FLUSH_S = 30.0
_GRACE_S = 10.0

log = logging.getLogger(__name__)


class Keeper:
    """The parts and the tasks. ``start``, then ``stop``."""

    def __init__(self, settings: Settings, *, limits: Limits | None = None) -> None:
        self.settings = settings
        self._store = Path(settings.store)
        self._runtime = Path(settings.runtime)
        self._store.mkdir(parents=True, exist_ok=True)
        self._runtime.mkdir(parents=True, exist_ok=True)
        objects = Objects(self._store)
        trees = Trees(self._store, path_base=settings.path_base, display_host=settings.display_host)
        database = self._store / 'catalogue.db'
        self._read, self._write = Catalogue(database), Catalogue(database)
        self.counters = Counters()
        self.upstream = Upstream(
            settings.origins,
            max_transfers=settings.max_upstream,
            bandwidth=settings.bandwidth,
            limits=limits or Limits(),
        )
        self.builder = Builder(settings, self.upstream, objects, trees, read=self._read, write=self._write)
        self.filler = Filler(
            self.upstream,
            objects,
            trees,
            self.builder,
            read=self._read,
            write=self._write,
            counters=self.counters,
            limit=self._limit,
        )
        self._server = Server(
            path_base=settings.path_base,
            filler=self.filler,
            counters=self.counters,
            report=self.report,
            commands=self._commands(),
        )
        self._drain_mark = self._store / 'draining'
        self._draining = self._drain_mark.exists()
        self._settled = asyncio.Event()
        self._used: set[str] = set()
        self._log_socket: socket.socket | None = None
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Answer requests at once, and begin the first sync."""
        self.builder.resume()
        await self._server.listen(self._runtime)
        self._listen_to_nginx()
        loop = asyncio.get_running_loop()
        self._tasks = [loop.create_task(self._keep_syncing()), loop.create_task(self._keep_flushing())]
        current = self.builder.current
        if current and current.selection == self.settings.selection:
            self._settled.set()

    async def stop(self) -> None:
        """Finish what clients wait for, within limits, then close everything."""
        self._draining = True
        await self._server.close(grace=_GRACE_S)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.filler.stop()
        await self._flush()
        if self._log_socket:
            asyncio.get_running_loop().remove_reader(self._log_socket)
            self._log_socket.close()
        self.builder.close()
        self._read.close()
        self._write.close()

    def report(self) -> Report:
        """The state of everything."""
        now = time.time()
        progress, current = self.builder.progress, self.builder.current
        states = self._read.states(current.id) if current else []
        packages, stored = self._read.stored_bytes()
        disk = os.statvfs(self._store)
        ages = [now - progress.checked.get(state.suite, 0.0) for state in states]
        suites = [
            {
                'suite': state.suite,
                'components': list(state.components),
                'date': state.date,
                'valid_until': state.valid_until,
                'age': round(age, 1),
            }
            for state, age in zip(states, ages, strict=True)
        ]
        return Report(
            state='building' if not current else 'draining' if self._draining else 'ready',
            generation=current.id if current else 0,
            digest=current.digest if current else '',
            built=current.built if current else 0,
            settled=self._settled.is_set(),
            age=max(ages, default=0.0),
            suites=suites,
            sync={
                'finished': progress.finished,
                'seconds': round(progress.seconds, 3),
                'running': progress.running,
                'problems': dict(progress.problems),
            },
            store={
                'path': str(self._store),
                'bytes': stored + self.builder.index_bytes,
                'packages': packages,
                'limit': self._limit(),
                'disk_free_percent': round(100 * disk.f_bavail / disk.f_blocks, 1)
                if disk.f_blocks
                else 100.0,
                'inodes_free_percent': round(100 * disk.f_favail / disk.f_files, 1)
                if disk.f_files
                else 100.0,
            },
            upstream=[
                {'url': o.base, 'bytes': o.bytes_read, 'failures': dict(o.failures)}
                for o in self.upstream.origins
            ],
            counters=dict(self.counters.values),
            refusals=dict(progress.refusals),
            stale_warn=self.settings.stale_warn,
            stale_crit=self.settings.stale_crit,
            in_flight=self.filler.running,
        )

    # -- tasks ------------------------------------------------------------------------------------------

    async def _keep_syncing(self) -> None:
        retry, everything = _FIRST_RETRY_S, True
        while True:
            pause = self.builder.due_in
            try:
                await self.builder.sync(everything=everything)
                retry, everything = _FIRST_RETRY_S, False
                self.builder.progress.problems.pop('', None)
                wait = pause()
            except errors.KeeperError as err:
                log.warning('sync: %s', err)
                self.builder.progress.problems[''] = str(err)
                wait, retry = retry, min(_LAST_RETRY_S, retry * 2)
            except Exception:
                # A supervisor: a full disk today must not end tomorrow's syncs.
                log.exception('sync failed')
                self.builder.progress.problems[''] = 'the sync broke off: see the journal'
                wait, retry = retry, min(_LAST_RETRY_S, retry * 2)
            else:
                self._settled.set()
            await asyncio.sleep(wait)

    async def _keep_flushing(self) -> None:
        while True:
            await asyncio.sleep(_FLUSH_S)
            await self._flush()

    async def _flush(self) -> None:
        """Write down which packages were asked for, so that eviction knows."""
        used, self._used = self._used, set()
        if used:
            await self.builder.in_thread(lambda: self._write.note_used(used, now=int(time.time())))

    def _listen_to_nginx(self) -> None:
        """nginx sends one datagram for each answer: who was served from the store, and what is popular."""
        path = self._runtime / 'log.socket'
        path.unlink(missing_ok=True)
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        sock.setblocking(False)
        sock.bind(str(path))
        path.chmod(0o666)
        self._log_socket = sock
        asyncio.get_running_loop().add_reader(sock, self._read_log)

    def _read_log(self) -> None:
        assert self._log_socket is not None
        with contextlib.suppress(BlockingIOError):
            for _ in range(256):
                self.note_served(self._log_socket.recv(8192).decode('utf-8', 'replace'))

    def note_served(self, line: str) -> None:
        """Count one line of nginx: ``... keeper: STATUS BYTES UPSTREAM-STATUS URI``."""
        parts = line.partition('keeper: ')[2].split(' ', 3)
        base = f'/{self.settings.path_base}/'
        if len(parts) != 4 or not parts[3].startswith(base) or parts[3].startswith(f'{base}dists/'):
            return
        status, sent, through, uri = parts
        if status not in ('200', '206', '304'):
            return
        if through == '-':
            self.counters.add('hits')
            self.counters.add('hit_bytes', int(sent) if sent.isdigit() else 0)
        else:
            self.counters.add('misses')
        self._used.add(uri.removeprefix(base))

    # -- commands ---------------------------------------------------------------------------------------

    def _commands(self) -> Mapping[tuple[str, str], Command]:
        return {
            ('GET', '/wait-ready'): self._wait_ready,
            ('POST', '/sync'): self._sync_now,
            ('GET', '/snapshots'): self._snapshots,
            ('POST', '/verify'): self._verify,
            ('POST', '/drain'): self._drain,
            ('POST', '/undrain'): self._undrain,
        }

    async def _wait_ready(self, query: Mapping[str, str]) -> Answer:
        with contextlib.suppress(asyncio.TimeoutError, ValueError):
            await asyncio.wait_for(self._settled.wait(), min(600.0, float(query.get('timeout', '60'))))
        report = self.report()
        return json_answer(report.as_json(), status=200 if report.settled else 503)

    async def _sync_now(self, _: Mapping[str, str]) -> Answer:
        try:
            changed = await self.builder.sync()
        except errors.KeeperError as err:
            return json_answer({'error': str(err)}, status=502)
        self._settled.set()
        return json_answer({**self.report().as_json(), 'changed': changed})

    async def _snapshots(self, _: Mapping[str, str]) -> Answer:
        current = self.builder.current
        snapshots = [
            {
                'generation': g.id,
                'digest': g.digest,
                'built': g.built,
                'current': current is not None and g.id == current.id,
                'suites': [{'suite': s.suite, 'date': s.date} for s in self._read.states(g.id)],
            }
            for g in self._read.generations()
        ]
        return json_answer({'snapshots': snapshots})

    async def _verify(self, _: Mapping[str, str]) -> Answer:
        if not self.builder.current:
            return json_answer({'error': 'there is no snapshot yet'}, status=409)
        checked, damaged = await self.builder.verify()
        return json_answer({'checked': checked, 'damaged': damaged})

    async def _drain(self, query: Mapping[str, str]) -> Answer:
        self._draining = True
        if query.get('lasting') == '1':
            self._drain_mark.touch()
        return json_answer({'state': self.report().state, 'in_flight': self.filler.running})

    async def _undrain(self, _: Mapping[str, str]) -> Answer:
        self._draining = False
        self._drain_mark.unlink(missing_ok=True)
        return json_answer({'state': self.report().state})

    def _limit(self) -> int:
        if self.settings.store_bytes:
            return self.settings.store_bytes
        return shutil.disk_usage(self._store).total * self.settings.store_percent // 100


async def run(settings: Settings) -> None:
    """Run until SIGTERM or SIGINT."""
    keeper = Keeper(settings)
    done = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, done.set)
    await keeper.start()
    try:
        await done.wait()
    finally:
        await keeper.stop()

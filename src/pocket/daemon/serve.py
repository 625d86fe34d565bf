"""What the daemon does between its start and its end."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import signal
import sys
from collections.abc import Callable

from bedrock import errors, jujukeys
from pocket import blobs, keptimages
from pocket.agents import deadlines, downloads, machine
from pocket.agents.frontdoor import FrontDoor
from pocket.agents.neighbourhood import Neighbourhood
from pocket.agents.pods import agent as pod_agent
from pocket.agents.site import Site
from pocket.agents.storagekeeper import StorageSource
from pocket.agents.supervisor import Supervisor, UnitSource
from pocket.api import clientfiles, identity
from pocket.api.kube.listeners import Listeners
from pocket.api.server import ApiServer
from pocket.daemon import _files
from pocket.services import charms, clouds, machines, models, resources
from pocket.services.cluster import images, pods
from pocket.services.storage import provisioning
from pocket.settings import Settings
from pocket.state import State, Tx
from pocket.substrate import cgroups
from pocket.substrate.frontproxy import FrontProxies
from pocket.substrate.nspawn import Nspawn

log = logging.getLogger(__name__)


def run(settings: Settings, *, ready_fd: int = -1) -> int:
    """Serve *settings*' home until SIGTERM or SIGINT; returns the exit code.

    The end is this sequence: no new connections and the open ones closed; agents stopped, with the hooks that
    they run; the database closed. Machines go on. A second signal cuts the waiting short.

    Args:
        ready_fd: Told as one line of JSON that the API answers, or why it never will; then closed.
    """
    logging.basicConfig(
        level=logging.INFO,
        stream=sys.stderr,
        format='%(asctime)s %(levelname)s %(name)s: %(message)s',
    )
    logging.getLogger('uvicorn').setLevel(logging.WARNING)
    report = _reporter(ready_fd)
    try:
        _files.claim(settings.home)
        with _files.only_one(settings.home):
            asyncio.run(_serve(settings, report))
    except errors.Fault as err:
        log.error('%s', errors.render(err))
        report({'error': err.message, 'hint': err.hint})
        return err.exit_code
    except asyncio.CancelledError:
        return 130
    finally:
        report({'error': 'the daemon ended before it answered; its log says why'})
    return 0


async def _serve(settings: Settings, report: Callable[[dict[str, object]], None]) -> None:
    _files.publish(settings.home, port=0)
    cgroups.settle(cgroups.here())
    async with contextlib.AsyncExitStack() as stack:
        stack.callback(_files.retract, settings.home)
        stopping = _stop_signals()
        who = identity.load_or_create(settings.home)
        state = State(settings.home / 'state.db')
        stack.callback(state.close)
        await _sweep(state, settings)
        substrate = Nspawn(settings, note=_note)
        await asyncio.gather(
            substrate.sweep(state.read(_host_names)),
            asyncio.to_thread(jujukeys.ensure, settings.juju_data),
        )
        await substrate.sweep_volumes(state.read(provisioning.volumes))
        await state.write(
            models.ensure_controller, owner=identity.ADMIN, cloud=clouds.OWN, region=clouds.OWN_REGION
        )
        server = ApiServer(state, settings, identity=who, substrate=substrate)
        port = await server.start()
        # The API listens on loopback only: there is no address of it that a machine could reach.
        site = Site(state=state, substrate=substrate, api_addresses=(), home=settings.home)
        supervisor = Supervisor(
            state,
            (
                machine.source(site),
                pod_agent.source(site),
                StorageSource(site=site),
                UnitSource(site=site),
            ),
        )
        agents = asyncio.create_task(supervisor.run(), name='supervisor')
        stack.push_async_callback(_cancel, agents)
        neighbourhood = Neighbourhood(state=state, substrate=substrate)
        await neighbourhood.settle()
        around = asyncio.create_task(neighbourhood.run(), name='neighbourhood')
        stack.push_async_callback(_cancel, around)
        kube = Listeners(state=state, home=settings.home, secret=who.kube_secret, substrate=substrate)
        kube_apis = asyncio.create_task(kube.run(), name='kube')
        stack.push_async_callback(_cancel, kube_apis)
        front_door = FrontDoor(state=state, proxies=FrontProxies(settings))
        doors = asyncio.create_task(front_door.run(), name='front door')
        stack.push_async_callback(_cancel, doors)
        timers = asyncio.create_task(deadlines.run(state), name='deadlines')
        stack.push_async_callback(_cancel, timers)
        downloader = asyncio.create_task(downloads.run(state, settings.home), name='downloads')
        stack.push_async_callback(_cancel, downloader)
        stack.push_async_callback(server.stop)
        clientfiles.register(settings.juju_data, settings.controller_name, who, port=port)
        info = _files.publish(settings.home, port=port, controller_uuid=who.controller_uuid)
        log.info('serving on 127.0.0.1:%d as process %d', port, info.pid)
        report({'port': port})
        stopped = asyncio.create_task(stopping.wait())
        stack.push_async_callback(_cancel, stopped)
        lasting = (agents, around, kube_apis, doors, timers, downloader)
        await asyncio.wait({*lasting, stopped}, return_when=asyncio.FIRST_COMPLETED)
        for task in lasting:
            if task.done():
                task.result()  # it ends only by failing
        log.info('stopping')


async def _sweep(state: State, settings: Settings) -> None:
    """Remove files that no model names, which uploads and downloads that a crash broke off left too."""
    await state.write(resources.forget_pending)
    blobs.charms(settings.home).sweep(state.read(charms.archives))
    kept = blobs.resources(settings.home)
    kept.sweep(kept.path(fingerprint) for fingerprint in state.read(resources.fingerprints))
    keptimages.sweep(settings.home, map(images.pinned_path, state.read(resources.images)))


def _stop_signals() -> asyncio.Event:
    """An event for the first signal to stop; the second cancels this task wherever it waits."""
    stopping = asyncio.Event()
    task = asyncio.current_task()
    assert task is not None

    def stop() -> None:
        if stopping.is_set():
            task.cancel()
        stopping.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop)
    return stopping


async def _cancel(task: asyncio.Task[object]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def _host_names(tx: Tx) -> frozenset[str]:
    hosts = (*machines.wanted(tx), *machines.removable(tx), *pods.wanted(tx), *pods.removable(tx))
    return frozenset(host.host_name for host in hosts)


def _note(message: str) -> None:
    log.info('%s', message)


def _reporter(fd: int) -> Callable[[dict[str, object]], None]:
    """Tell the starter once how the start went; nothing after that."""
    open_fds = [fd] if fd >= 0 else []

    def report(said: dict[str, object]) -> None:
        if open_fds:
            with contextlib.suppress(BrokenPipeError), os.fdopen(open_fds.pop(), 'w') as pipe:
                pipe.write(json.dumps(said) + '\n')

    return report

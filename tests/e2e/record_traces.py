"""Record what a real pocket shows while it does what it is told: ``python -m tests.e2e.record_traces``.

Writes the traces that the replay tests of hoodoo's readiness read. They need to be recorded again only when
pocket's statuses change.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

from hoodoo import model, settings
from hoodoo.bundle.wanted import charms
from hoodoo.juju import connect, jujudriver
from hoodoo.readiness import changes, oracle, wait
from tests.e2e.conftest import TOP, site_of
from tests.unit.hoodoo.readiness import traces

_QUIET_S = 7.0
_LOOK_S = 0.2
_CHARMS = TOP / 'tests' / 'data' / 'specs' / 'words' / 'charms'


class Recorder:
    """Looks at a model in a thread while something is done to it."""

    def __init__(self, juju: jujudriver.JujuDriver) -> None:
        self._juju = juju
        self._began = time.monotonic()
        self._frames: list[traces.Frame] = []

    def now(self) -> float:
        return time.monotonic() - self._began

    def record(self, act: Callable[[], None]) -> tuple[traces.Frame, ...]:
        """Return what was seen from now until nothing moved for a while after *act*."""
        self._look()
        acted = threading.Event()
        looking = threading.Thread(target=self._until_quiet, args=(acted,))
        looking.start()
        act()
        acted.set()
        looking.join()
        return tuple(self._frames)

    def _until_quiet(self, acted: threading.Event) -> None:
        moved = time.monotonic()
        while not acted.is_set() or time.monotonic() - moved < _QUIET_S:
            self._juju.wait_change(_LOOK_S)
            before = self._frames[-1].seen
            self._look()
            now = self._frames[-1].seen
            if (now.applications, now.machines, now.relations) != (
                before.applications,
                before.machines,
                before.relations,
            ):
                moved = time.monotonic()

    def _look(self) -> None:
        seen = self._juju.snapshot()
        self._frames.append(traces.Frame(at=self.now(), seen=seen))


def main() -> None:
    """Record every trace."""
    with tempfile.TemporaryDirectory(prefix='traces-') as name:
        site = site_of(Path(name))
        os.environ.update(site.env)
        try:
            _record(Path(name))
        finally:
            site.pocket('clean', '--yes')


def _record(folder: Path) -> None:
    loaded = settings.load()
    juju, _ = connect.open_driver(loaded, wanted='', default='traces', note=lambda _: None)
    speaker, listener = _charm('speaker', folder), _charm('listener', folder)
    try:
        _save('deploy', juju, _deploys(juju, 'speaker', speaker, 2))
        juju.deploy(_wanted('listener', 1), str(listener), ())
        wait.wait(juju, oracle.Rules(settle_s=3))
        _save('relate', juju, _relates(juju))
        _save('configure', juju, _configures(juju))
        _save('refresh', juju, _refreshes(juju, speaker))
        _save('add-unit', juju, _adds(juju))
        _save('fail-and-retry', juju, _deploys(juju, 'stumbler', _stumbler(folder), 1))
        _save('reboot', juju, _reboots(juju))
    finally:
        juju.close()


Act = Callable[[Recorder], list[changes.Change]]


def _save(name: str, juju: jujudriver.JujuDriver, act: Act) -> None:
    recorder = Recorder(juju)
    made: list[changes.Change] = []
    acted = 0.0

    def make() -> None:
        nonlocal acted
        made.extend(act(recorder))
        acted = recorder.now()

    frames = recorder.record(make)
    trace = traces.Trace(
        frames=_thinned(frames),
        acted=round(acted, 3),
        grown=tuple(c for c in made if isinstance(c, changes.Grown)),
        altered=tuple(c for c in made if isinstance(c, changes.Altered)),
        related=tuple(c for c in made if isinstance(c, changes.Related)),
    )
    path = traces.FOLDER / f'{name}.json'
    traces.save(trace, path)
    sys.stdout.write(f'{name}: {len(trace.frames)} frames, {path.stat().st_size} bytes\n')


def _thinned(frames: tuple[traces.Frame, ...]) -> tuple[traces.Frame, ...]:
    """Of looks in which nothing moved, every fourth; they say only that time went by."""
    kept = [frames[0]]
    for index, frame in enumerate(frames[1:], 1):
        same = frame.seen.applications == frames[index - 1].seen.applications
        if not same or index % 4 == 0 or index + 1 == len(frames):
            kept.append(frame)
    return tuple(kept)


def _charm(name: str, folder: Path) -> Path:
    source = folder / name
    shutil.copytree(_CHARMS / name, source)
    return Path(charms.pack(source, content=name, cache=folder / 'cache', note=lambda _: None))


def _stumbler(folder: Path) -> Path:
    """A charm of which a hook fails once."""
    source = folder / 'stumbler'
    shutil.copytree(TOP / 'tests' / 'data' / 'specs' / 'failing' / 'charms' / 'stumbler', source)
    code = source / 'src' / 'charm.py'
    once = "__import__('os').path.exists('/once') or open('/once', 'w') and 1 / 0"
    code.write_text(code.read_text().replace("raise RuntimeError('the flux capacitor is missing')", once))
    return Path(charms.pack(source, content='stumbler', cache=folder / 'cache', note=lambda _: None))


def _wanted(name: str, units: int) -> model.WantedApplication:
    return model.WantedApplication(name=name, charm=model.LocalCharm(path=Path(name)), num_units=units)


def _deploys(juju: jujudriver.JujuDriver, name: str, charm: Path, units: int) -> Act:
    def act(_: Recorder) -> list[changes.Change]:
        juju.deploy(_wanted(name, units), str(charm), ())
        return [changes.Grown(application=name, units=units)]

    return act


def _adds(juju: jujudriver.JujuDriver) -> Act:
    def act(_: Recorder) -> list[changes.Change]:
        juju.add_units('speaker', 1, ())
        return [changes.Grown(application='speaker', units=3)]

    return act


def _relates(juju: jujudriver.JujuDriver) -> Act:
    one = model.Endpoint(application='speaker', name='speech')
    other = model.Endpoint(application='listener', name='speech')

    def act(recorder: Recorder) -> list[changes.Change]:
        at = recorder.now()
        juju.integrate(one, other)
        return [changes.Related(one=one, other=other, at=at)]

    return act


def _configures(juju: jujudriver.JujuDriver) -> Act:
    def act(recorder: Recorder) -> list[changes.Change]:
        at = recorder.now()
        juju.set_options('speaker', {'word': 'hullo'})
        return [changes.Altered(application='speaker', what='options', at=at)]

    return act


def _refreshes(juju: jujudriver.JujuDriver, charm: Path) -> Act:
    def act(recorder: Recorder) -> list[changes.Change]:
        old = juju.snapshot().applications['speaker'].charm
        at = recorder.now()
        juju.refresh(_wanted('speaker', 2), str(charm), images={})
        return [changes.Altered(application='speaker', what='charm', at=at, old_charm=old)]

    return act


def _reboots(juju: jujudriver.JujuDriver) -> Act:
    def act(_: Recorder) -> list[changes.Change]:
        juju.execute('0', 'nohup sh -c "sleep 0.3; reboot" >/dev/null 2>&1 &', timeout_s=30)
        while juju.snapshot().machines['0'].agent.value != 'down':
            time.sleep(0.05)
        return []

    return act


if __name__ == '__main__':
    main()

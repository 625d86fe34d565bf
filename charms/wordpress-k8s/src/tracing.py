"""Traces of hooks by ops' own library, where somebody is related who takes them; nothing where nobody is.

ops takes its library ``ops_tracing`` into every process in which it can be imported, and it costs every hook.
So this module is run before ops is, and imports nothing but the standard library.
"""

from __future__ import annotations

import contextlib
import logging
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import ops
    from opentelemetry.sdk.trace import Tracer
    from opentelemetry.trace import Span

ENDPOINT = 'charm-tracing'
AUTHORITY = 'receive-ca-cert'
PATIENCE_S = 1.0
"""How long a hook that is done waits at most until its traces are sent."""
SHORT_PATIENCE_S = 0.25
"""The same for a minute after a hook waited in vain: enough to write down what cannot be sent."""
_MINUTE_S = 60
_LIBRARY = 'ops_tracing'
_LATE = '.tracing-late'
"""Is there, beside the library's own file of traces, when a hook waited in vain; its time says when."""


log = logging.getLogger(__name__)


class _OutOfPatienceError(Exception):
    """Ends a wait."""


def prepare(environment: Mapping[str, str]) -> None:
    """Keep the library out of this process, unless the relation is there."""
    if is_wanted(environment):
        hush()
    else:
        # Python takes it for a module that is not installed, which ops bears.
        sys.modules[_LIBRARY] = None  # type: ignore[assignment]


def attach(charm: ops.CharmBase) -> ops.Object | None:
    """Have the hook of *charm* traced, where that was prepared; the caller keeps what is returned."""
    import ops

    if ops.tracing is None:
        if _LIBRARY not in sys.modules:
            log.warning('no traces: %s cannot be imported; is the charm packed for this Python?', _LIBRARY)
        return None
    from opentelemetry import trace
    from opentelemetry.sdk.trace import TracerProvider

    provider = trace.get_tracer_provider()
    if isinstance(provider, TracerProvider):
        provider.shutdown = bounded(provider.shutdown, folder=charm.charm_dir)
    return ops.tracing.Tracing(charm, tracing_relation_name=ENDPOINT, ca_relation_name=AUTHORITY)


def bounded(wait: Callable[[], object], *, folder: Path) -> Callable[[], None]:
    """Return *wait* with an end, which the library's own wait has only after several seconds.

    Nothing is lost by it: the library writes down what it is to send before it does, and sends it with a
    later hook. *folder* holds the memory of a wait that was in vain.
    """

    def waits() -> None:
        late = folder / _LATE
        is_short = _is_recent(late)
        try:
            with _patience(SHORT_PATIENCE_S if is_short else PATIENCE_S):
                wait()
        except _OutOfPatienceError:
            if not is_short:
                late.touch()
                log.warning('the receiver of traces did not take them within %g s; they are kept', PATIENCE_S)
        else:
            late.unlink(missing_ok=True)

    return waits


def hush() -> None:
    """Let spans tell the kind of an error and not its text, which may be what a program printed."""
    from opentelemetry.sdk.trace import Tracer
    from opentelemetry.trace import Status, StatusCode

    loud = Tracer.start_as_current_span

    @contextlib.contextmanager
    def quiet(tracer: Tracer, name: str, **more: Any) -> Generator[Span]:
        silent: dict[str, Any] = {'record_exception': False, 'set_status_on_exception': False}
        with loud(tracer, name, **{**more, **silent}) as span:
            try:
                yield span
            except Exception as err:
                span.set_status(Status(StatusCode.ERROR, type(err).__name__))
                raise

    # The library has no switch for it.
    Tracer.start_as_current_span = quiet  # type: ignore[assignment]


def is_wanted(environment: Mapping[str, str]) -> bool:
    """Tell whether somebody is related who takes traces, by the *environment* of a hook and its tools."""
    if environment.get('JUJU_RELATION') == ENDPOINT:
        # A relation that breaks need not be among the ids any more, and must be heard of.
        return True
    try:
        told = subprocess.run(
            ['relation-ids', ENDPOINT],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=10,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return told.returncode == 0 and told.stdout.strip() not in ('', '[]')


def _is_recent(file: Path) -> bool:
    try:
        age = time.time() - file.stat().st_mtime
    except FileNotFoundError:
        return False
    # A clock that was put back makes no memory that lasts.
    return 0 <= age < _MINUTE_S


@contextlib.contextmanager
def _patience(seconds: float) -> Generator[None]:
    def end(*_: object) -> None:
        raise _OutOfPatienceError

    before = signal.signal(signal.SIGALRM, end)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)

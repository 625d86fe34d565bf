"""End a run of another process, and what a process that died left of one."""

from __future__ import annotations

import contextlib
import os
import select
import signal
from pathlib import Path

from bedrock import alive, errors
from hoodoo.journal import journal, rows
from hoodoo.projects import layout
from hoodoo.runner import leftovers, locks, resuming

CANCELLED = 'cancelled'


def cancel(opened: journal.Journal, root: Path, number: int, *, timeout_s: float) -> tuple[str, int]:
    """Tell the process of run *number* to end and wait for it; mark the run when there is no process.

    Returns:
        How the run was before, and how many programs were stopped that it had left behind.

    Raises:
        Fault: the process is somebody else's, or is still there after *timeout_s* seconds.
    """
    before = opened.get(number)
    if before.outcome not in (rows.RUNNING, rows.INTERRUPTED):
        return before.outcome, 0
    if before.outcome == rows.RUNNING:
        _end(number, before.process, timeout_s)
        if opened.get(number).outcome not in (rows.RUNNING, rows.INTERRUPTED):
            return before.outcome, 0
    stopped = 0
    try:
        with _workspace(root, before):
            stopped = leftovers.stop(root, [(number, resuming.past(opened.records(number)).begun)])
            opened.mark(number, CANCELLED)
    except locks.BusyFault:
        # Whoever is in the workspace has stopped them, and may be going on with this very run.
        if opened.get(number).outcome == rows.RUNNING:
            return cancel(opened, root, number, timeout_s=timeout_s)
        opened.mark(number, CANCELLED)
    return before.outcome, stopped


def _workspace(root: Path, run: rows.Run) -> contextlib.AbstractContextManager[object]:
    """The lock on the workspace of *run*, if that is still there."""
    project = layout.Project(root=root, name=run.project, series=run.series)
    path = layout.Workspace(project=project, name=run.workspace).path
    if not path.is_dir():
        return contextlib.nullcontext()
    return locks.held(locks.workspace_lock(path), f'workspace {path}')


def _end(number: int, process: str, timeout_s: float) -> None:
    pid = alive.number(process)
    try:
        # What has this descriptor is one process, whoever gets its number after it.
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        if not alive.lives(process):
            return
        signal.pidfd_send_signal(handle, signal.SIGTERM)
        gone = select.poll()
        gone.register(handle, select.POLLIN)
        if not gone.poll(timeout_s * 1000):
            raise errors.Fault(
                f'cannot cancel run {number}: process {pid} was told to end and is still there'
                f' after {timeout_s:g} s',
                hint=f'It may be cleaning up: "hoodoo log {number} --follow" shows what it does. '
                f'"kill -9 {pid}" ends it at once, "hoodoo resume {number}" works after that too.',
            )
    except PermissionError:
        raise errors.Fault(
            f'cannot cancel run {number}: process {pid} belongs to somebody else',
            hint=f'Run "hoodoo cancel {number}" as the user who started it.',
        ) from None
    finally:
        os.close(handle)

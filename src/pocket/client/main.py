"""Entry point of the `juju`-compatible command: find the command, parse, run, render the error."""

from __future__ import annotations

import dataclasses
import os
import sys
from collections.abc import Sequence

from bedrock import errors
from pocket.client import clientlog, context, flags, registry


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line and return its exit code: 0 done, 1 failed, 2 wrong usage, 130 interrupted."""
    ctx = context.from_process()
    try:
        return run(ctx, sys.argv[1:] if argv is None else argv)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # The reader of our output went away; what Python would still flush at exit has no reader either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 1


def run(ctx: context.Context, argv: Sequence[str]) -> int:
    """Run one command line in *ctx*; errors made on purpose are printed, not raised."""
    try:
        return _dispatch(ctx, argv)
    except errors.Fault as err:
        ctx.stderr.write(errors.render(err) + '\n')
        return 2 if isinstance(err, errors.UsageFault) else 1


def _dispatch(ctx: context.Context, argv: Sequence[str]) -> int:
    if not argv or argv[0] in ('-h', '--help'):
        return _dispatch(ctx, ['help'])
    if argv[0] == '--version':
        return _dispatch(ctx, ['version'])
    command = registry.load(argv[0])
    given = flags.parse(command, argv[1:])
    if given.on('help'):
        return _dispatch(ctx, ['help', command.name])
    flags.check_count(command, given)
    clientlog.LOG.begin(ctx.stderr, given)
    only = command.name if command.machines_only else ''
    return command.run(dataclasses.replace(ctx, quiet=given.on('quiet'), only_on_machines=only), given)


if __name__ == '__main__':
    sys.exit(main())

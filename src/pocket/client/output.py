"""Results in the formats that the commands share: json, yaml, and whatever text a command has."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from bedrock import yamltext
from pocket.client import faults
from pocket.client.context import Context, local_path
from pocket.client.flags import Given

Render = Callable[[], str]


def show(ctx: Context, given: Given, data: Any, texts: Mapping[str, Render] | None = None) -> None:
    """Write *data* in the format that ``--format`` names; *texts* are the formats that are not JSON or YAML.

    Raises:
        WrongUsage: there is no such format.
    """
    wanted = given.text('format')
    others = texts or {}
    if wanted == 'json':
        text = as_json(data)
    elif wanted == 'yaml':
        text = as_yaml(data)
    elif wanted in others:
        text = others[wanted]()
    else:
        known = ', '.join(sorted(['json', 'yaml', *others]))
        raise faults.WrongUsage(f'invalid value "{wanted}" for option --format: unknown format, use {known}')
    write(ctx, given, text)


def write(ctx: Context, given: Given, text: str) -> None:
    """Write *text* to standard output, or to the file of ``--output``; an empty text writes nothing."""
    ended = text if not text or text.endswith('\n') else f'{text}\n'
    if given.text('output'):
        local_path(given.text('output')).write_text(ended)
        return
    ctx.stdout.write(ended)
    ctx.stdout.flush()


def as_json(data: Any) -> str:
    """*data* on one line, as Juju's client prints it."""
    return json.dumps(data, separators=(',', ':'), ensure_ascii=False)


def as_yaml(data: Any) -> str:
    """*data* as block YAML in the order that it has."""
    return yamltext.dump(data)


def item_errors(ctx: Context, results: Sequence[Mapping[str, Any]] | None) -> int:
    """Print the error of each failed item; the exit code is 1 when there is one."""
    failed = [result['error'] for result in results or () if result.get('error')]
    for error in failed:
        ctx.error(str(error.get('message')))
    return 1 if failed else 0

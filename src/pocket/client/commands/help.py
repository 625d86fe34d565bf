"""juju help: from the same declarations that the parser reads."""

from __future__ import annotations

import textwrap

from pocket.client import flags, registry, topics
from pocket.client.context import Context
from pocket.client.flags import Command, Flag, Given

_WIDTH = 78
_INTRO = """\
This client drives a Juju controller: a pocket on this machine, or any other.

Common commands:
{common}

See "juju help commands" for all of them, "juju help COMMAND" for one, and "juju help topics"
for what they have in common."""
_COMMON = ('add-model', 'deploy', 'status', 'integrate', 'config', 'run', 'ssh', 'debug-log', 'destroy-model')


def _help(ctx: Context, given: Given) -> int:
    topic = given.args[0] if given.args else ''
    if not topic:
        text = _INTRO.format(common=_listed(_COMMON))
    elif topic == 'commands':
        text = _listed(tuple(registry.COMMANDS))
    elif topic == 'topics':
        width = max(map(len, topics.TOPICS))
        text = '\n'.join(f'    {name:{width}}  {about.summary}' for name, about in topics.TOPICS.items())
    elif topic in topics.TOPICS:
        text = topics.TOPICS[topic].text
    else:
        text = describe(registry.load(topic))
    ctx.out(text)
    return 0


def describe(command: Command) -> str:
    """The help of one command."""
    words = ['Usage: juju', command.name, '[options]', command.usage]
    parts = [
        ' '.join(word for word in words if word),
        'Summary:\n' + command.summary,
        'Options:\n' + '\n'.join(_option(flag) for flag in sorted(command.flags, key=lambda f: f.key)),
    ]
    if command.details:
        parts.append('Details:\n' + command.details)
    if command.examples:
        parts.append('Examples:\n' + '\n'.join(f'    {example}' for example in command.examples))
    if command.aliases:
        parts.append('Aliases: ' + ', '.join(command.aliases))
    return '\n\n'.join(part for part in parts if part != 'Options:\n')


def _option(flag: Flag) -> str:
    default = f' (= {flag.default})' if flag.default else ''
    value = f' {flag.value}' if flag.value else ''
    title = ', '.join(sorted(flag.spellings, key=len)) + value + default
    return title + '\n' + textwrap.fill(flag.help, _WIDTH, initial_indent='    ', subsequent_indent='    ')


def _listed(names: tuple[str, ...]) -> str:
    width = max(len(name) for name in names)
    return '\n'.join(f'    {name:{width}}  {registry.load(name).summary}' for name in names)


HELP = flags.Command(
    name='help',
    usage='[<command> | <topic> | commands | topics]',
    summary='Show help on a command or other topic.',
    examples=('juju help', 'juju help deploy', 'juju help commands', 'juju help placement'),
    most=1,
    run=_help,
)

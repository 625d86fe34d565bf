"""What a juju command line does: whether it only reads, which model it is about, what of it may be kept.

Every command in a connected shell waits for this module: it imports nothing.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

HIDDEN = '***'

_LISTED = (
    *('actions', 'agreements', 'charm-resources', 'clouds', 'constraints', 'controllers', 'credentials'),
    *('disabled-commands', 'firewall-rules', 'machines', 'models', 'offers', 'operations', 'payloads'),
    *('regions', 'resources', 'secret-backends', 'secrets', 'spaces', 'ssh-keys', 'storage'),
    *('storage-pools', 'subnets', 'users'),
)
"""Commands that list; each is also there as ``list-...``."""

_READING = frozenset(
    (
        *_LISTED,
        *(f'list-{name}' for name in _LISTED),
        *('debug-log', 'diff-bundle', 'documentation', 'download', 'export-bundle', 'find', 'find-offers'),
        *('get-constraints', 'get-model-constraints', 'help', 'info', 'list-actions', 'model-constraints'),
        *('show-action', 'show-application', 'show-cloud', 'show-controller', 'show-credential'),
        *('show-credentials', 'show-machine', 'show-model', 'show-offer', 'show-operation', 'show-secret'),
        *('show-secret-backend', 'show-space', 'show-status-log', 'show-storage', 'show-task', 'show-unit'),
        *('show-user', 'status', 'version', 'wait-for', 'whoami'),
        # They change this client's own files alone, which are the session's.
        *('login', 'logout'),
    )
)
_OPTIONS_COMMANDS = frozenset(
    ('config', 'controller-config', 'model-config', 'model-default', 'model-defaults')
)
"""They read, unless they are told a value."""
_READING_FLAGS = frozenset(
    (
        *('--format', '-o', '--output', '-m', '--model', '-c', '--controller', '--color', '--no-color'),
        *('-B', '--no-browser-login', '--debug', '--verbose', '-v', '--quiet', '-q', '--show-log'),
        *('--cloud', '--region', '--logging-config', '--help', '-h'),
    )
)
_ELSEWHERE = {
    'bootstrap': 'what it would keep goes with this shell',
    'register': 'what it would keep goes with this shell',
    'unregister': 'the controller stays registered outside this shell',
    'destroy-controller': 'it is about every model of the controller',
    'kill-controller': 'it is about every model of the controller',
}
_NAMES_A_MODEL = frozenset(('add-model', 'destroy-model', 'migrate', 'show-model'))
"""Their first argument is a model."""
_NAMES_MODELS = frozenset(('grant', 'revoke'))
"""Their arguments are models, or offers, after the user and the access."""
_MODEL_VALUES = frozenset(
    (
        *('--format', '-o', '--output', '--credential', '--owner', '--config', '--timeout', '-t'),
        *('--max-wait', '--model-default', '--logging-config'),
    )
)
"""Flags of these commands that have a value."""
_RUNS_OTHERS = frozenset(('exec', 'ssh', 'scp', 'debug-hook', 'debug-hooks', 'debug-code'))
"""What comes after their flags belongs to a program on a machine."""
_THEIR_VALUES = frozenset(
    (
        *('-m', '--model', '--container', '-a', '--app', '--application', '-u', '--unit', '--machine'),
        *('--wait', '--timeout', '--execution-group', '--format', '-o', '--output', '--color'),
    )
)
_GLOBAL_SWITCHES = frozenset(
    ('--debug', '--show-log', '--verbose', '-v', '--quiet', '-q', '--no-color', '-h', '--help', '--version')
)
_OPEN_VALUES = frozenset(('set-constraints', 'set-model-constraints', 'attach-resource', 'add-storage'))
"""Commands whose ``name=value`` is no secret."""
_SECRET_FLAGS = frozenset(('--config', '--model-default', '--params'))
_SECRET_WORDS = ('passw', 'passphrase', 'token', 'secret', 'credential', 'key')
_SCHEMES = frozenset(('basic', 'bearer'))
"""In HTTP's header Authorization, before what proves who one is."""
_SHORT_P = ('mysql', 'mariadb')
"""Programs that take a password right behind ``-p``."""
_ALL_SECRET = frozenset(('register', 'change-user-password'))
_OTHER = 'other'
_LONGEST_WORD, _LONGEST_LINE = 400, 4000


class Meaning:
    """What a command line is."""

    __slots__ = ('command', 'models', 'refused', 'writes')

    def __init__(
        self, *, command: str, writes: bool, models: tuple[str, ...] = (), refused: str = ''
    ) -> None:
        self.command = command
        """The command's name; empty where none is given."""
        self.writes = writes
        """Whether it changes anything but this client's own files; of an unknown command, yes."""
        self.models = models
        """Those that it names, as they were written; ``CONTROLLER:`` for a controller."""
        self.refused = refused
        """Why it has no place in a connected shell at all; empty where it has."""


def understand(words: Sequence[str]) -> Meaning:
    """What ``juju WORDS...`` does."""
    start = _command_at(words)
    if start is None:
        return Meaning(command='', writes=True)
    if start == len(words):
        return Meaning(command='', writes=False)
    command, rest = words[start], words[start + 1 :]
    if rest[:1] in (['-h'], ['--help'], ('-h',), ('--help',)):
        return Meaning(command=command, writes=False)
    flags_end = _own_words(command, rest)
    models = _models(command, rest[:flags_end])
    if command == 'switch':
        named = [word for word in rest if not word.startswith('-')]
        refused = 'this shell stays with its model' if named else ''
        return Meaning(command=command, writes=False, models=models, refused=refused)
    if command in _ELSEWHERE:
        return Meaning(command=command, writes=True, models=models, refused=_ELSEWHERE[command])
    writes = not _only_options_read(rest) if command in _OPTIONS_COMMANDS else command not in _READING
    return Meaning(command=command, writes=writes, models=models)


def same_model(named: str, *, controller: str, model: str, uuid: str = '') -> bool:
    """Whether *named*, as `Meaning.models` has it, is the model ``controller:model``.

    Args:
        model: ``[OWNER/]NAME``.
        uuid: Of the model, where it is known.
    """
    where, _, name = named.rpartition(':')
    if where not in ('', controller):
        return False
    if not name or name in (model, uuid):
        return True
    if len(name) >= 6 and uuid.startswith(name):
        return True
    owner, _, own = model.rpartition('/')
    asked_owner, _, asked = name.rpartition('/')
    return asked == own and (not owner or not asked_owner or owner == asked_owner)


def shown(words: Sequence[str], command: str) -> list[str]:
    """*words* as they may be kept: names stay, values that may be secret do not."""
    kept: list[str] = []
    left = _LONGEST_LINE
    hide_next = False
    past_command = False
    for word in words:
        if hide_next:
            text = _hidden_value(word, always='=' not in word and '/' not in word)
        elif past_command and command in _ALL_SECRET and not word.startswith('-'):
            text = HIDDEN
        else:
            text = _hidden(word, command, words)
        past_command = past_command or word == command
        hide_next = word in _SECRET_FLAGS or (word.startswith('--') and '=' not in word and _secret(word))
        text = text if len(text) <= _LONGEST_WORD else f'{text[:_LONGEST_WORD]}...'
        left -= len(text)
        if left < 0:
            kept.append('...')
            break
        kept.append(text)
    return kept


def _command_at(words: Sequence[str]) -> int | None:
    """Where the command is, after flags of juju itself; the length for none; None after an unknown flag."""
    index = 0
    while index < len(words):
        word = words[index]
        if not word.startswith('-'):
            return index
        if word == '--logging-config':
            index += 1
        elif word not in _GLOBAL_SWITCHES and not word.startswith('--logging-config='):
            return None
        index += 1
    return len(words)


def _own_words(command: str, rest: Sequence[str]) -> int:
    """How many of *rest* are juju's own, and not of a program that it runs elsewhere."""
    end = rest.index('--') if '--' in rest else len(rest)
    if command not in _RUNS_OTHERS:
        return end
    index = 0
    while index < end:
        word = rest[index]
        if not word.startswith('-'):
            return index
        index += 2 if word in _THEIR_VALUES else 1
    return end


def _models(command: str, rest: Sequence[str]) -> tuple[str, ...]:
    found: list[str] = []
    takes = ''
    given: list[str] = []
    for word in rest:
        if takes:
            if takes != _OTHER:
                found.append(word if takes == 'model' else f'{word}:')
            takes = ''
        elif word in ('-m', '--model'):
            takes = 'model'
        elif word in ('-c', '--controller'):
            takes = 'controller'
        elif word.startswith(('--model=', '-m=')):
            found.append(word.partition('=')[2])
        elif word.startswith(('--controller=', '-c=')):
            found.append(f'{word.partition("=")[2]}:')
        elif word.startswith('-m') and not word.startswith('--'):
            found.append(word[2:])
        elif command in _NAMES_A_MODEL and not given and word in _MODEL_VALUES:
            takes = _OTHER
        elif not word.startswith('-'):
            given.append(word)
    return (*found, *_argued(command, given))


def _argued(command: str, given: Sequence[str]) -> list[str]:
    """The models that the arguments *given* name, some of them with what is offered there."""
    if command in _NAMES_A_MODEL:
        return list(given[:1])
    if command in _NAMES_MODELS:
        return [_of_offer(word) or word for word in given[2:]]
    if command == 'remove-offer':
        return [model for word in given if (model := _of_offer(word))]
    if command == 'offer':
        model, dot, _ = given[0].partition(':')[0].rpartition('.') if given else ('', '', '')
        return [model] if dot else []
    return []


def _of_offer(url: str) -> str:
    """The model in ``[CONTROLLER:][USER/]MODEL.OFFER``; empty where none is named."""
    return url.rpartition('.')[0]


def _only_options_read(rest: Sequence[str]) -> bool:
    """Whether a command about options is told no value, by what we know of its flags."""
    value = False
    for word in rest:
        if value:
            value = False
        elif word.startswith('-'):
            if word.partition('=')[0] not in _READING_FLAGS:
                return False
            value = word in ('--format', '-o', '--output', '-m', '--model', '-c', '--controller', '--region')
            value = value or word in ('--cloud', '--logging-config')
        elif '=' in word:
            return False
    return True


def _secret(name: str) -> bool:
    low = name.lower()
    return any(part in low for part in _SECRET_WORDS)


def _hidden(word: str, command: str, words: Sequence[str]) -> str:
    name, equals, _ = word.partition('=')
    if equals and word.startswith('-'):
        return f'{name}={HIDDEN}' if name in _SECRET_FLAGS or _secret(name) else _without_password(word)
    if command in _RUNS_OTHERS:
        return _hidden_program(word, ' '.join(words))
    if equals and command not in _OPEN_VALUES:
        return f'{name}={HIDDEN}'
    return _without_password(word)


def _hidden_value(word: str, *, always: bool) -> str:
    name, equals, _ = word.partition('=')
    return HIDDEN if always else f'{name}={HIDDEN}' if equals else word


def _hidden_program(text: str, line: str) -> str:
    """A word of *line*, or several for a shell in one, without what looks like a password in it."""
    kept: list[str] = []
    hide_next = False
    for word in text.split(' '):
        plain = word.strip('"\'')
        if hide_next and word:
            kept.append(HIDDEN)
        elif plain.startswith('-p') and len(plain) > 2 and any(name in line for name in _SHORT_P):
            kept.append(f'{word[: word.index("-p")]}-p{HIDDEN}')
        else:
            kept.append(_hidden_assignment(word))
        option = plain.startswith('--') and '=' not in plain and _secret(plain)
        hide_next = (bool(plain) and (option or plain.lower() in _SCHEMES)) or (hide_next and not word)
    return ' '.join(kept)


def _hidden_assignment(word: str) -> str:
    name, equals, _ = word.partition('=')
    return f'{name}={HIDDEN}' if equals and _secret(name) else _without_password(word)


def _without_password(word: str) -> str:
    """*word* without the password of an address in it."""
    before, mark, after = word.partition('://')
    account, at, place = after.partition('@')
    if not (mark and at and ':' in account) or '/' in account:
        return word
    return f'{before}://{account.partition(":")[0]}:{HIDDEN}@{place}'

"""Values of the command line, parsed: durations, ``key=value`` settings, constraints, placement, names."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

from bedrock import errors, yamltext
from pocket.client import faults
from pocket.client.context import local_path

_DURATION = re.compile(r'(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h)')
_UNIT_NS = {'ns': 1, 'us': 10**3, 'µs': 10**3, 'ms': 10**6, 's': 10**9, 'm': 60 * 10**9, 'h': 3600 * 10**9}
_UNIT_NAME = re.compile(r'[a-z][a-z0-9]*(?:-[a-z0-9]*[a-z][a-z0-9]*)*/(?:\d+|leader)')
_STORAGE_ID = re.compile(r'[a-z][a-z0-9]*(?:-[a-z0-9]*[a-z][a-z0-9]*)*/\d+')
_MACHINE_ID = re.compile(r'\d+(?:/[a-z]+/\d+)*')
_SIZE_MIB = {'': 1, 'M': 1, 'G': 1024, 'T': 1024**2, 'P': 1024**3}
_INTEGERS = frozenset({'cores', 'cpu-power'})
_SIZES = frozenset({'mem', 'root-disk'})
_LISTS = frozenset({'tags', 'spaces', 'zones'})
_TEXTS = frozenset(
    {'arch', 'container', 'root-disk-source', 'instance-role', 'instance-type', 'virt-type', 'image-id'}
)


def is_unit(text: str) -> bool:
    """Whether *text* is a unit's name: ``app/0`` or ``app/leader``."""
    return _UNIT_NAME.fullmatch(text) is not None


def is_machine(text: str) -> bool:
    """Whether *text* is a machine's number, or that of a container in one."""
    return _MACHINE_ID.fullmatch(text) is not None


def unit_tag(unit: str) -> str:
    """``app/0`` -> ``unit-app-0``."""
    return 'unit-' + unit.replace('/', '-')


def machine_tag(machine: str) -> str:
    """``0/lxd/1`` -> ``machine-0-lxd-1``."""
    return 'machine-' + machine.replace('/', '-')


def entity(tag: str) -> str:
    """What a tag names: ``unit-app-0`` -> ``app/0``, ``machine-0-lxd-1`` -> ``0/lxd/1``."""
    kind, _, rest = tag.partition('-')
    if kind == 'unit':
        return '/'.join(rest.rpartition('-')[::2])
    return rest.replace('-', '/') if kind == 'machine' else rest


def require_unit(text: str) -> str:
    """*text* when it names a unit.

    Raises:
        WrongUsage: it does not.
    """
    if not is_unit(text):
        raise faults.WrongUsage(f'"{text}" is not a valid unit name')
    return text


def duration_ns(text: str, *, flag: str) -> int:
    """A Go duration such as ``1m30s`` or ``0.5s`` in nanoseconds.

    Raises:
        WrongUsage: it is none.
    """
    parts = _DURATION.findall(text)
    if text == '0':
        return 0
    if not parts or ''.join(number + unit for number, unit in parts) != text:
        raise faults.WrongUsage(
            f'invalid value "{text}" for option --{flag}: not a duration such as 30s or 2m'
        )
    return sum(round(float(number) * _UNIT_NS[unit]) for number, unit in parts)


def pair(text: str) -> tuple[str, str]:
    """``key=value`` in its two parts.

    Raises:
        WrongUsage: it has no key or no ``=``.
    """
    key, equals, value = text.partition('=')
    if not key or not equals:
        raise faults.WrongUsage(f'expected "key=value", got "{text}"')
    return key, value


def settings(words: Iterable[str]) -> dict[str, str]:
    """``key=value`` words; ``key=@file`` takes the value from a file.

    Raises:
        WrongUsage: a word is something else. Fault: a file cannot be read.
    """
    found: dict[str, str] = {}
    for word in words:
        key, value = pair(word)
        found[key] = file_text(value[1:]) if value.startswith('@') else value
    return found


def file_text(name: str) -> str:
    """The content of a file that the user named.

    Raises:
        Fault: it cannot be read.
    """
    try:
        return local_path(name).read_text()
    except (OSError, UnicodeDecodeError) as err:
        raise errors.Fault(f'cannot read {name}') from err


def typed_settings(words: Iterable[str]) -> dict[str, Any]:
    """``key=value`` words, the values read as YAML scalars; a word that names a file is a mapping in it.

    Raises:
        WrongUsage: a word is neither. Fault: the file cannot be read or is no mapping.
    """
    found: dict[str, Any] = {}
    for word in words:
        if '=' in word:
            key, value = pair(word)
            found[key] = yaml_value(value)
        elif local_path(word).is_file():
            found.update(yaml_mapping(word))
        else:
            raise faults.WrongUsage(f'expected "key=value" or a file, got "{word}"')
    return found


def yaml_value(text: str) -> Any:
    """*text* read as YAML; text that is no YAML stands for itself."""
    import yaml

    try:
        value: object = yaml.safe_load(text) if text else ''
    except yaml.YAMLError:
        return text
    # Dates and nulls have no meaning in a setting: they are the text that was typed.
    return cast('Any', value) if isinstance(value, str | bool | int | float | list | dict) else text


def yaml_mapping(name: str) -> dict[str, Any]:
    """The mapping in the YAML file *name*.

    Raises:
        Fault: it cannot be read or holds something else.
    """
    import yaml

    try:
        loaded = yamltext.load(file_text(name))
    except yaml.YAMLError as err:
        raise errors.Fault(f'cannot read {name}: it is not valid YAML') from err
    if not isinstance(loaded, dict):
        raise errors.Fault(f'cannot read {name}: it is not a mapping')
    return cast('dict[str, Any]', loaded)


def constraints(words: Sequence[str]) -> dict[str, Any]:
    """Constraints such as ``cores=2 mem=4G`` as the API has them, sizes in MiB.

    Raises:
        WrongUsage: an unknown name or a bad value.
    """
    found: dict[str, Any] = {}
    for word in ' '.join(words).split():
        key, value = pair(word)
        found[key] = _constraint(key, value)
    return found


def _constraint(key: str, value: str) -> Any:
    if key in _TEXTS:
        return value
    if key in _LISTS:
        return [part for part in value.split(',') if part]
    if key in _INTEGERS and value.isdecimal():
        return int(value)
    if key in _SIZES:
        return size_mib(value, what=f'"{key}" constraint')
    if key == 'allocate-public-ip' and value in ('true', 'false'):
        return value == 'true'
    if key in _INTEGERS or key == 'allocate-public-ip':
        raise faults.WrongUsage(f'bad "{key}" constraint: "{value}" is not valid')
    raise faults.WrongUsage(f'unknown constraint "{key}"')


def size_mib(text: str, *, what: str) -> int:
    """``4G`` -> 4096; a number alone is MiB.

    Raises:
        WrongUsage: it is no size.
    """
    found = re.fullmatch(r'(\d+(?:\.\d+)?)([MGTP]?)(?:i?B)?', text)
    if found is None:
        raise faults.WrongUsage(f'bad {what}: must be a number with optional M/G/T/P suffix, not "{text}"')
    return -int(-float(found[1]) * _SIZE_MIB[found[2]] // 1)


def storage(words: Iterable[str]) -> dict[str, dict[str, Any]]:
    """``name=pool,count,size`` words; the three may come in any order, and a bare name asks for one.

    Raises:
        WrongUsage: a word is something else.
    """
    found: dict[str, dict[str, Any]] = {}
    for word in words:
        name, _, directive = word.partition('=')
        if not name:
            raise faults.WrongUsage(f'cannot parse storage constraints: missing name in "{word}"')
        if name in found:
            raise faults.WrongUsage(f'storage "{name}" specified more than once')
        found[name] = storage_directive(name, directive)
    return found


def storage_directive(name: str, text: str) -> dict[str, Any]:
    """``pool,count,size`` in any order; without a count it is one.

    Raises:
        WrongUsage: it is something else.
    """
    entry: dict[str, Any] = {}
    for part in filter(None, text.split(',')):
        key, value = _storage_part(name, part)
        if key in entry:
            raise faults.WrongUsage(
                f'cannot parse constraints for storage "{name}":'
                f' {key} is already set, new value "{part}" not valid'
            )
        entry[key] = value
    return {'count': 1, **entry}


def _storage_part(name: str, part: str) -> tuple[str, Any]:
    doing = f'cannot parse constraints for storage "{name}"'
    if part.isdecimal():
        if not int(part):
            raise faults.WrongUsage(f'{doing}: cannot parse count: count must be greater than zero, got "0"')
        return 'count', int(part)
    if part[:1].isdecimal():
        return 'size', size_mib(part, what=f'size for storage "{name}"')
    if part[:1].isalpha():
        return 'pool', part
    raise faults.WrongUsage(f'{doing}: unrecognized storage constraint "{part}"')


def storage_tag(text: str) -> str:
    """``data/0`` -> ``storage-data-0``.

    Raises:
        WrongUsage: it is no id of storage.
    """
    if not _STORAGE_ID.fullmatch(text):
        raise faults.WrongUsage(f'storage ID "{text}" not valid')
    return 'storage-' + text.replace('/', '-')


def constraints_text(value: Mapping[str, Any]) -> str:
    """Constraints as they are typed, sorted by name."""
    words: list[str] = []
    for key in sorted(value):
        item = value[key]
        if key in _SIZES:
            text = f'{item}M'
        elif isinstance(item, bool):
            text = 'true' if item else 'false'
        elif isinstance(item, list):
            text = ','.join(str(part) for part in cast('list[Any]', item))
        else:
            text = str(item)
        words.append(f'{key}={text}')
    return ' '.join(words)


def placement(words: Iterable[str], *, model_uuid: str) -> list[dict[str, str]]:
    """``--to`` directives: machine ``0``, container ``lxd`` or ``lxd:0``, or the cloud's own: ``zone=a``."""
    found: list[dict[str, str]] = []
    for word in words:
        kind, colon, machine = word.partition(':')
        if is_machine(word):
            found.append({'scope': '#', 'directive': word})
        elif kind in ('lxd', 'kvm'):
            found.append({'scope': kind, 'directive': machine})
        elif colon and '=' not in kind:
            raise faults.WrongUsage(f'invalid --to parameter "{word}": unsupported placement')
        else:
            found.append({'scope': model_uuid, 'directive': word})
    return found


def bindings(text: str) -> dict[str, str]:
    """``space ep=space``: a word without a name is for every endpoint."""
    found: dict[str, str] = {}
    for word in text.split():
        endpoint, equals, space = word.partition('=')
        found[endpoint if equals else ''] = space if equals else endpoint
    return found


def base(text: str) -> dict[str, str]:
    """``ubuntu@24.04`` as the API has it.

    Raises:
        WrongUsage: it is no base.
    """
    name, at, channel = text.partition('@')
    if not name or not at or not channel:
        raise faults.WrongUsage(f'invalid base "{text}": expected for example ubuntu@24.04')
    return {'name': name, 'channel': channel if '/' in channel else f'{channel}/stable'}

"""What deploying and refreshing share: options of the command line, in the form that requests have."""

from __future__ import annotations

from bedrock import errors
from pocket.client import faults, values
from pocket.client.flags import Given

_SUBORDINATE_SCALE = 'cannot use --num-units or --to with subordinate application'


def units(given: Given, *, subordinate: bool) -> int:
    """How many units are wanted.

    Raises:
        WrongUsage: that number cannot be.
    """
    count = given.number('num-units')
    if subordinate:
        if given.was_given('num-units') or given.was_given('to'):
            raise faults.WrongUsage(_SUBORDINATE_SCALE)
        return 0
    if count < 1:
        raise faults.WrongUsage('--num-units must be a positive integer')
    return count


def config(given: Given, application: str) -> tuple[dict[str, str], str]:
    """``--config`` words: ``key=value`` settings, and at most one file with settings by application."""
    files = [word for word in given.many('config') if '=' not in word]
    if len(files) > 1:
        raise faults.WrongUsage('only a single config YAML file can be specified')
    found = values.settings(word for word in given.many('config') if '=' in word)
    if given.on('trust'):
        found['trust'] = 'true'
    if not files:
        return found, ''
    if application not in values.yaml_mapping(files[0]):
        raise errors.Fault(f'no settings found for "{application}" in {files[0]}')
    return found, values.file_text(files[0])


def attached(given: Given) -> list[str]:
    """The tags of the storage that ``--attach-storage`` names."""
    return [f'storage-{name.replace("/", "-")}' for name in given.listed('attach-storage')]

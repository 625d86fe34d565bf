"""--force with --no-wait, as every command that takes something down has them."""

from __future__ import annotations

from pocket.client import faults
from pocket.client.flags import Flag, Given
from pocket.client.shape import Json

NO_WAIT = Flag('no-wait', 'With --force: do not wait between the steps')


def params(given: Given) -> Json:
    """The fields of a request that the two flags are.

    Raises:
        WrongUsage: ``--no-wait`` is given alone.
    """
    if given.on('no-wait') and not given.on('force'):
        raise faults.WrongUsage('--no-wait without --force not valid')
    return {'force': given.on('force'), **({'max-wait': 0} if given.on('no-wait') else {})}

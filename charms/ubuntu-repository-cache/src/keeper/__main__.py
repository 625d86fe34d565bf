"""``python3 -m keeper SETTINGS.json``: run the keeper in the foreground."""

from __future__ import annotations

import asyncio
import logging
import sys
from pathlib import Path

from keeper import daemon, errors, settings


def main(arguments: list[str]) -> int:
    """Run the keeper; 2 if its settings are wrong."""
    logging.basicConfig(level=logging.INFO, format='%(levelname)s %(message)s', stream=sys.stderr)
    if len(arguments) != 1:
        logging.error('usage: python3 -m keeper SETTINGS.json')
        return 2
    try:
        wanted = settings.load(Path(arguments[0]))
    except errors.KeeperError as err:
        logging.error('%s: %s', err, err.__cause__ or '')
        return 2
    asyncio.run(daemon.run(wanted))
    return 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))

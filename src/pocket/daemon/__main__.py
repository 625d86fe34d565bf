"""Entry point of the daemon's process; `pocket up` starts it."""

from __future__ import annotations

import argparse
import sys

from pocket import settings
from pocket.daemon import serve


def main() -> int:
    """Run the daemon until it is told to stop; returns its exit code."""
    parser = argparse.ArgumentParser(prog='python -m pocket.daemon')
    parser.add_argument('--ready-fd', type=int, default=-1, help='descriptor that is told how the start went')
    given = parser.parse_args()
    return serve.run(settings.load(), ready_fd=given.ready_fd)


if __name__ == '__main__':
    sys.exit(main())

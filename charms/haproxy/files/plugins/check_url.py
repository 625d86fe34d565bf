#!/usr/bin/env python3
"""Nagios plugin: does a page answer with 200, and does it hold every text that it should?"""

from __future__ import annotations

import argparse
import http.client
import ssl
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Sequence

OK, CRITICAL = 0, 2
MOST_BYTES = 1024 * 1024


def fetch(url: str, timeout_s: float) -> str:
    """Return the start of the page at *url*; this machine's own certificate is not judged."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    direct = urllib.request.build_opener(
        urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context)
    )
    with direct.open(url, timeout=timeout_s) as answer:
        if answer.status != 200:
            raise OSError(f'status {answer.status}')
        return answer.read(MOST_BYTES).decode(errors='replace')


def main(argv: Sequence[str]) -> int:
    """Print one line for Nagios and return its code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--url', required=True)
    parser.add_argument('--expect', action='append', default=[], help='a text that the page must hold')
    parser.add_argument('--timeout', type=float, default=10.0)
    given = parser.parse_args(argv)
    expected: list[str] = given.expect
    began = time.monotonic()
    try:
        page = fetch(given.url, given.timeout)
    except (OSError, http.client.HTTPException, urllib.error.URLError) as err:
        print(f'URL CRITICAL: {given.url}: {err}')  # noqa: T201
        return CRITICAL
    data = f'time={time.monotonic() - began:.3f}s size={len(page)}B'
    missing = [text for text in expected if text not in page]
    if missing:
        print(f'URL CRITICAL: {given.url} does not name {", ".join(missing)} | {data}')  # noqa: T201
        return CRITICAL
    print(f'URL OK: {given.url} answers | {data}')  # noqa: T201
    return OK


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))

"""What the checks share: asking the unit, thresholds, one line of output, exit codes 0 to 3."""

from __future__ import annotations

import argparse
import json
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from typing import Any, NoReturn, cast

OK, WARNING, CRITICAL, UNKNOWN = range(4)
_WORDS = ('OK', 'WARNING', 'CRITICAL', 'UNKNOWN')


def parser(text: str) -> argparse.ArgumentParser:
    """Options that every check has."""
    made = argparse.ArgumentParser(description=text)
    made.add_argument('--url', required=True, help='address of the unit, such as http://127.0.0.1:80')
    made.add_argument('--timeout', type=float, default=8.0)
    return made


def get(url: str, *, timeout: float) -> tuple[int, bytes]:
    """Status and body of *url*; the machine's proxy settings are not for it."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=timeout) as answer:
            return int(answer.status), bytes(answer.read())
    except urllib.error.HTTPError as err:
        with err:
            return err.code, err.read()


def report(base: str, *, timeout: float) -> Mapping[str, Any]:
    """The keeper's full state."""
    status, body = get(f'{base}/healthz?full', timeout=timeout)
    try:
        return cast('Mapping[str, Any]', json.loads(body))
    except ValueError:
        finish(CRITICAL, f'the keeper does not answer (HTTP {status})')


def grade(value: float, *, warn: float, crit: float) -> int:
    """How bad *value* is, when more is worse."""
    return CRITICAL if value >= crit else WARNING if value >= warn else OK


def finish(code: int, text: str, performance: str = '') -> NoReturn:
    """Print the one line that Nagios reads, and exit."""
    line = f'{_WORDS[code]}: {" ".join(text.split())}'
    sys.stdout.write(f'{line} | {performance}\n' if performance else f'{line}\n')
    sys.exit(code)


def guarded(check: Callable[[], NoReturn]) -> NoReturn:
    """Run *check*; whatever it cannot handle is an alarm or unknown, never silence."""
    try:
        check()
    except OSError as err:
        finish(CRITICAL, f'cannot reach the unit: {err}')
    except (KeyError, TypeError, ValueError) as err:
        finish(UNKNOWN, f'cannot understand the unit: {err!r}')

"""URLs as people may see them; without what it takes to open one, which is slow to import."""

from __future__ import annotations

import urllib.parse

__all__ = ['shown']


def shown(url: str) -> str:
    """*url* as messages may show it: without the password that it may hold.

    Of http(s) a name by itself is hidden too: forges take a token there.
    """
    parts = urllib.parse.urlsplit(url)
    user, at, host = parts.netloc.rpartition('@')
    if ':' in user:
        hidden = f'{user.partition(":")[0]}:***{at}{host}'
    elif user and parts.scheme.endswith(('http', 'https')):
        hidden = f'***{at}{host}'
    else:
        hidden = parts.netloc
    return url.replace(parts.netloc, hidden, 1) if parts.netloc else url

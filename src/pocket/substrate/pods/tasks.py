"""Several works at once, as one."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable
from typing import Any, TypeVar

_T = TypeVar('_T')


async def together(works: Iterable[Coroutine[Any, Any, _T]]) -> list[_T]:
    """Do *works* at once; when one fails the others are given up, and have ended, before this one fails."""
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        return list(await asyncio.gather(*tasks))
    except BaseException:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        raise

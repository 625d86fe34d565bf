"""Programs on terminals of pods, whose clients may leave at any moment."""

from __future__ import annotations

import asyncio
import os
import pty
from typing import cast

from starlette.websockets import WebSocket

from bedrock import process
from pocket.api import podexec


async def test_when_the_client_has_left_nobody_listens_to_the_terminal() -> None:
    # Its number is the next file's, which would never be heard of.
    loop = asyncio.get_running_loop()
    master, slave = pty.openpty()
    os.set_blocking(master, False)
    child = await process.start(['sleep', '60'], env={}, stdin=slave, stdout=slave, stderr=slave)
    try:
        nobody = cast('WebSocket', None)
        sending = asyncio.ensure_future(podexec.OnTerminal(master).send(nobody, child))
        for _ in range(5):
            await asyncio.sleep(0)
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)
        assert not loop.remove_reader(master)
    finally:
        await process.stop(child)
        os.close(master)
        os.close(slave)

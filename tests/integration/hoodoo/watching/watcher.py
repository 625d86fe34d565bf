"""``hoodoo ci watch CONFIG [--once]`` with the stand-in for what it starts."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from hoodoo import settings
from hoodoo.ci.watch import history, reading, watching


def main() -> int:
    loaded = settings.load()
    kept = history.History(loaded.state / 'ci.db')

    def told(text: str) -> None:
        print(text, flush=True)  # noqa: T201

    async def watch() -> int:
        watcher = watching.Watcher(
            reading.load(Path(sys.argv[1])),
            settings=loaded,
            kept=kept,
            program=(sys.executable, str(Path(__file__).with_name('standin.py'))),
            told=told,
            once='--once' in sys.argv,
        )
        return await watcher.run()

    code = asyncio.run(watch())
    kept.close()
    return code


if __name__ == '__main__':
    sys.exit(main())

"""How long does it take to check every stage of a large spec, in one process?

    .venv/bin/python benchmarks/check.py [SPEC ...]

Without a SPEC: the specs of other people beside the checkout, where they are, and this repository's own.
"""

from __future__ import annotations

import os
import statistics
import sys
import time
from pathlib import Path

from hoodoo import settings
from hoodoo.review import findings, request, survey

TOP = Path(__file__).resolve().parent.parent
CORPUS = TOP.parent / 'shared' / 'corpus' / 'openstack-mojo-specs'
OWN = TOP / 'specs' / 'archive-mirror'
RUNS = 5
TARGET_S = 2.0


def main() -> None:
    specs = [Path(word) for word in sys.argv[1:]] or [path for path in (CORPUS, OWN) if path.is_dir()]
    if CORPUS not in specs and not sys.argv[1:]:
        print(f'(there is no {CORPUS.name} beside the checkout: its 105 manifests are not measured)')
    # What lies below MOJO_ROOT is not looked at: everybody measures the same.
    loaded = settings.load({'HOME': '/nonexistent', 'PATH': os.defpath, 'MOJO_SERIES': 'xenial'})
    heads = (
        ('manifests', 10),
        ('errors', 8),
        ('warnings', 9),
        ('first s', 9),
        ('median s', 10),
        ('ms each', 9),
    )
    print(f'{"spec":<22}' + ''.join(f'{head:>{width}}' for head, width in heads))
    for spec in specs:
        taken: list[float] = []
        done = None
        for _ in range(RUNS):
            started = time.perf_counter()
            done = survey.check_all(request.Given(spec=str(spec)), loaded, all_stages=True)
            taken.append(time.perf_counter() - started)
        assert done is not None
        wrong = len(findings.errors_of(done.findings))
        median = statistics.median(taken)
        print(
            f'{spec.name:<22}{done.manifests:10}{wrong:8}{len(done.findings) - wrong:9}{taken[0]:9.2f}'
            f'{median:10.2f}{median * 1000 / max(done.manifests, 1):9.1f}'
        )
    print(f'(target: at most {TARGET_S:.0f} s for the 105 manifests of {CORPUS.name})')


if __name__ == '__main__':
    main()

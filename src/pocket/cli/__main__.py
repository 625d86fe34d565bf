"""``python -m pocket.cli``: the same as the installed command."""

import sys

from pocket.cli import main

sys.exit(main())

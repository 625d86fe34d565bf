"""``python -m hoodoo``."""

from hoodoo.cli import main

main()

"""``python -m scrobbler`` is the command ``scrobbler``."""

from scrobbler.cli import main

main()

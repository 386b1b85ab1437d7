"""Runs the command line for `python -m bisect_deps`."""

import contextlib
import os
import sys

# Python puts the current folder first: a project's click.py or packaging.py is not ours to run.
with contextlib.suppress(OSError):
    if sys.path[0] in ("", os.getcwd()):
        sys.path.pop(0)

from bisect_deps.cli import main

if __name__ == "__main__":
    main()

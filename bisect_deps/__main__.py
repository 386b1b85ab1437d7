"""Runs the command line: for `python -m bisect_deps`, and as the program `depbisect`.

Imports nothing large before an interrupt has an ending: most of a start is imports.
"""

import os
import sys

# Python puts the current folder first: a project's click.py or packaging.py is not ours to run.
if __name__ == "__main__":
    try:
        if sys.path[0] in ("", os.getcwd()):
            sys.path.pop(0)
    except OSError:
        pass

_INTERRUPTED = 130


def main() -> None:
    """Run the command line and exit with the contract's code, whenever an interrupt comes."""
    try:
        from bisect_deps.system.interrupts import take_over

        take_over("SIGINT")
        from bisect_deps.cli import main as run

        run()
    except KeyboardInterrupt:
        print("Interrupted; nothing is lost: the same command goes on.", file=sys.stderr)
        sys.exit(_INTERRUPTED)
    finally:
        # Where an interrupt left one, as dataclasses are made by, Python would end by the signal.
        exec("")


if __name__ == "__main__":
    main()

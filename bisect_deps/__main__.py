"""Runs the command line for `python -m bisect_deps`."""

from bisect_deps.cli import main

if __name__ == "__main__":
    main()

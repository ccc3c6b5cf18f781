"""``python -m funcgrad.testing``."""

from __future__ import annotations

import importlib
import sys


def run() -> int:
    """Carry out the command, which needs hypothesis."""
    try:
        command = importlib.import_module("funcgrad.testing.command.main")
    except ModuleNotFoundError as error:
        if error.name is not None:
            raise
        print(f"funcgrad.testing: {error}", file=sys.stderr)
        return 2
    return command.main()


if __name__ == "__main__":
    sys.exit(run())

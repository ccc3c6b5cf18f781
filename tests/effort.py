"""How many hypothesis examples to try: FUNCGRAD_THOROUGH=20 tries twenty times as many."""

import os


def examples(n: int) -> int:
    return n * int(os.environ.get("FUNCGRAD_THOROUGH", "1"))


THOROUGH = examples(1) > 1
"""Whether all is to be tried, not a part of it."""

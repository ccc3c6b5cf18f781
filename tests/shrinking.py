"""What hypothesis shrinks to, the same each time: a small value, if not the smallest one."""

from random import Random

from hypothesis import find, settings


def smallest(strategy, condition=lambda x: True, tries=500, seed=0):
    """What the drawn values that fulfil a condition shrink to."""
    options = settings(max_examples=tries, database=None)
    return find(strategy, condition, settings=options, random=Random(seed))

"""Operations in higher precision: in double-double arithmetic, or with mpmath.

``numbers.py`` has the two kinds of numbers behind one interface, ``operations.py`` the evaluation
of any operator on them.
"""

from __future__ import annotations

from .numbers import DoubleDoubles, Multiprecision, Numbers
from .operations import Evaluation, evaluate

__all__ = ["DoubleDoubles", "Evaluation", "Multiprecision", "Numbers", "evaluate"]

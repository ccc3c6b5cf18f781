"""Functions of other systems as claims: their own derivatives, checked like ours.

Each takes a function of that system and returns a ``Claim`` for ``check_claim``. The function is
called with that system's arrays; arguments of the check may be theirs or NumPy's, and the
derivatives that it returns are NumPy's::

    check_claim(adapters.torch(torch.special.xlogy), (np.ones(3), np.ones(3)))

``check_grads`` and its relatives call them by themselves for what belongs to another system.
"""

from __future__ import annotations

from .of_autograd import autograd
from .of_jax import jax
from .of_torch import torch
from .systems import adapted, system_of

__all__ = ["adapted", "autograd", "jax", "system_of", "torch"]

"""Optimizers that divide an average of gradients by the root of one of squares."""

from __future__ import annotations

import numpy as np  # noqa: F401  (the examples use it)

from ...core.tracebacks import user_facing
from ...typing import DTypeLike
from ..pieces.adam_moments import (
    scale_by_adam,
    scale_by_adamax,
    scale_by_amsgrad,
    scale_by_belief,
    scale_by_radam,
    scale_by_yogi,
)
from ..pieces.decay_and_noise import add_decayed_weights
from ..pieces.momentum import scale_by_adan
from ..pieces.scaling import descend, scale_by_trust_ratio
from ..transformation import GradientTransformation, chain
from ..typing import Mask, ScalarOrSchedule


@user_facing
def adam(
    learning_rate: ScalarOrSchedule,
    b1: ScalarOrSchedule = 0.9,
    b2: ScalarOrSchedule = 0.999,
    eps: ScalarOrSchedule = 1e-8,
    eps_root: ScalarOrSchedule = 0.0,
    mu_dtype: DTypeLike | None = None,
    *,
    nesterov: bool = False,
) -> GradientTransformation:
    """Adam. (Kingma and Ba 2015, arXiv:1412.6980.) Formulas: ``scale_by_adam``.

    Common arguments: ``help(optim.optimizers)``.

    >>> tx, params = adam(0.1), np.array([1.0, 2.0])
    >>> updates, state = tx.update(np.array([3.0, -0.5]), tx.init(params), params)
    >>> params + updates
    array([0.9, 2.1])
    """
    return chain(
        scale_by_adam(b1, b2, eps, eps_root, mu_dtype, nesterov=nesterov),
        descend("adam", learning_rate),
    )


@user_facing
def adamw(
    learning_rate: ScalarOrSchedule,
    b1: ScalarOrSchedule = 0.9,
    b2: ScalarOrSchedule = 0.999,
    eps: ScalarOrSchedule = 1e-8,
    eps_root: ScalarOrSchedule = 0.0,
    mu_dtype: DTypeLike | None = None,
    weight_decay: ScalarOrSchedule = 1e-4,
    mask: Mask | None = None,
    *,
    nesterov: bool = False,
) -> GradientTransformation:
    """Adam with weight decay apart from the averages. (Loshchilov and Hutter, arXiv:1711.05101.)

    Its update needs params. Common arguments: ``help(optim.optimizers)``.

    >>> tx, params = adamw(0.1, weight_decay=0.5), np.array([1.0, 2.0])
    >>> tx.update(np.array([3.0, 0.0]), tx.init(params), params)[0].round(6)
    array([-0.15, -0.1 ])
    """
    return chain(
        scale_by_adam(b1, b2, eps, eps_root, mu_dtype, nesterov=nesterov),
        add_decayed_weights(weight_decay, mask),
        descend("adamw", learning_rate),
    )


@user_facing
def nadam(
    learning_rate: ScalarOrSchedule,
    b1: ScalarOrSchedule = 0.9,
    b2: ScalarOrSchedule = 0.999,
    eps: ScalarOrSchedule = 1e-8,
    eps_root: ScalarOrSchedule = 0.0,
    mu_dtype: DTypeLike | None = None,
    *,
    nesterov: bool = True,
) -> GradientTransformation:
    """Adam with Nesterov's momentum. (Dozat 2016.) Arguments as of ``adam``.

    >>> tx, params = nadam(0.1), np.zeros(1)
    >>> tx.update(np.array([3.0]), tx.init(params), params)[0].round(4)
    array([-0.1474])
    """
    return adam(learning_rate, b1, b2, eps, eps_root, mu_dtype, nesterov=nesterov)


@user_facing
def nadamw(
    learning_rate: ScalarOrSchedule,
    b1: ScalarOrSchedule = 0.9,
    b2: ScalarOrSchedule = 0.999,
    eps: ScalarOrSchedule = 1e-8,
    eps_root: ScalarOrSchedule = 0.0,
    mu_dtype: DTypeLike | None = None,
    weight_decay: ScalarOrSchedule = 1e-4,
    mask: Mask | None = None,
    *,
    nesterov: bool = True,
) -> GradientTransformation:
    """AdamW with Nesterov's momentum. Arguments as of ``adamw``.

    >>> tx, params = nadamw(0.1), np.zeros(1)
    >>> tx.update(np.array([3.0]), tx.init(params), params)[0].round(4)
    array([-0.1474])
    """
    return adamw(
        learning_rate, b1, b2, eps, eps_root, mu_dtype, weight_decay, mask, nesterov=nesterov
    )


@user_facing
def amsgrad(
    learning_rate: ScalarOrSchedule,
    b1: ScalarOrSchedule = 0.9,
    b2: ScalarOrSchedule = 0.999,
    eps: ScalarOrSchedule = 1e-8,
    eps_root: ScalarOrSchedule = 0.0,
    mu_dtype: DTypeLike | None = None,
    bias_correction_mu: bool = True,
    bias_correction_nu: bool = True,
) -> GradientTransformation:
    """AMSGrad. (Reddi, Kale and Kumar 2018, arXiv:1904.09237.) Formulas: ``scale_by_amsgrad``.

    Args besides the common ones (``help(optim.optimizers)``):
        bias_correction_mu: True to divide the average of gradients by 1 - b1^t.
        bias_correction_nu: True to divide the average of squares by 1 - b2^t.

    >>> tx, params = amsgrad(0.1), np.zeros(1)
    >>> tx.update(np.array([3.0]), tx.init(params), params)[0].round(6)
    array([-0.1])
    """
    return chain(
        scale_by_amsgrad(b1, b2, eps, eps_root, mu_dtype, bias_correction_mu, bias_correction_nu),
        descend("amsgrad", learning_rate),
    )


@user_facing
def adamax(
    learning_rate: ScalarOrSchedule,
    b1: ScalarOrSchedule = 0.9,
    b2: ScalarOrSchedule = 0.999,
    eps: ScalarOrSchedule = 1e-8,
) -> GradientTransformation:
    """Adamax. (Kingma and Ba 2015, section 7.1.) Formulas: ``scale_by_adamax``.

    Args besides the common ones (``help(optim.optimizers)``):
        b2: decay of the largest modulus of gradients, which takes the place of the root.
        eps: added to the moduli of gradients.

    >>> tx, params = adamax(0.1), np.zeros(1)
    >>> tx.update(np.array([3.0]), tx.init(params), params)[0].round(6)
    array([-0.1])
    """
    return chain(scale_by_adamax(b1, b2, eps), descend("adamax", learning_rate))


@user_facing
def adamaxw(
    learning_rate: ScalarOrSchedule,
    b1: ScalarOrSchedule = 0.9,
    b2: ScalarOrSchedule = 0.999,
    eps: ScalarOrSchedule = 1e-8,
    weight_decay: ScalarOrSchedule = 1e-4,
    mask: Mask | None = None,
) -> GradientTransformation:
    """Adamax with weight decay. Arguments as of ``adamax`` and ``add_decayed_weights``.

    >>> tx, params = adamaxw(0.1, weight_decay=1.0), np.ones(1)
    >>> tx.update(np.array([3.0]), tx.init(params), params)[0].round(6)
    array([-0.2])
    """
    return chain(
        scale_by_adamax(b1, b2, eps),
        add_decayed_weights(weight_decay, mask),
        descend("adamaxw", learning_rate),
    )


@user_facing
def radam(
    learning_rate: ScalarOrSchedule,
    b1: ScalarOrSchedule = 0.9,
    b2: ScalarOrSchedule = 0.999,
    eps: ScalarOrSchedule = 1e-8,
    eps_root: ScalarOrSchedule = 0.0,
    threshold: ScalarOrSchedule = 5.0,
    *,
    nesterov: bool = False,
) -> GradientTransformation:
    """Rectified Adam. (Liu et al. 2020, arXiv:1908.03265.) Formulas: ``scale_by_radam``.

    Args besides the common ones (``help(optim.optimizers)``):
        threshold: from which the squares are used.

    >>> tx, params = radam(0.1), np.zeros(1)
    >>> tx.update(np.array([3.0]), tx.init(params), params)[0].round(6)
    array([-0.3])
    """
    return chain(
        scale_by_radam(b1, b2, eps, eps_root, threshold, nesterov=nesterov),
        descend("radam", learning_rate),
    )


@user_facing
def adabelief(
    learning_rate: ScalarOrSchedule,
    b1: ScalarOrSchedule = 0.9,
    b2: ScalarOrSchedule = 0.999,
    eps: ScalarOrSchedule = 1e-16,
    eps_root: ScalarOrSchedule = 1e-16,
    *,
    nesterov: bool = False,
) -> GradientTransformation:
    """AdaBelief. (Zhuang et al. 2020, arXiv:2010.07468.) Formulas: ``scale_by_belief``.

    Args besides the common ones (``help(optim.optimizers)``):
        b2: decay of the average of squares of what the average of gradients did not predict.
        eps_root: added to this average.

    >>> tx, params = adabelief(0.1), np.zeros(1)
    >>> tx.update(np.array([3.0]), tx.init(params), params)[0].round(6)
    array([-0.111111])
    """
    return chain(
        scale_by_belief(b1, b2, eps, eps_root, nesterov=nesterov),
        descend("adabelief", learning_rate),
    )


@user_facing
def yogi(
    learning_rate: ScalarOrSchedule,
    b1: ScalarOrSchedule = 0.9,
    b2: ScalarOrSchedule = 0.999,
    eps: ScalarOrSchedule = 1e-3,
) -> GradientTransformation:
    """Yogi. (Zaheer et al. 2018.) Formulas: ``scale_by_yogi``.

    Common arguments: ``help(optim.optimizers)``.

    >>> tx, params = yogi(0.1), np.zeros(1)
    >>> tx.update(np.array([3.0]), tx.init(params), params)[0].round(3)
    array([-0.1])
    """
    return chain(scale_by_yogi(b1, b2, eps), descend("yogi", learning_rate))


@user_facing
def lamb(
    learning_rate: ScalarOrSchedule,
    b1: ScalarOrSchedule = 0.9,
    b2: ScalarOrSchedule = 0.999,
    eps: ScalarOrSchedule = 1e-6,
    eps_root: ScalarOrSchedule = 0.0,
    weight_decay: ScalarOrSchedule = 0.0,
    mask: Mask | None = None,
) -> GradientTransformation:
    """AdamW with updates as large as their parameters. (You et al. 2020, arXiv:1904.00962.)

    Its update needs params. Common arguments: ``help(optim.optimizers)``.

    >>> tx, params = lamb(0.1), np.array([3.0, 4.0])
    >>> tx.update(np.array([2.0, -2.0]), tx.init(params), params)[0].round(4)
    array([-0.3536,  0.3536])
    """
    return chain(
        scale_by_adam(b1, b2, eps, eps_root),
        add_decayed_weights(weight_decay, mask),
        scale_by_trust_ratio(),
        descend("lamb", learning_rate),
    )


@user_facing
def adan(
    learning_rate: ScalarOrSchedule,
    b1: ScalarOrSchedule = 0.98,
    b2: ScalarOrSchedule = 0.92,
    b3: ScalarOrSchedule = 0.99,
    eps: ScalarOrSchedule = 1e-8,
    eps_root: ScalarOrSchedule = 1e-8,
    weight_decay: ScalarOrSchedule = 0.0,
    mask: Mask | None = None,
) -> GradientTransformation:
    """Adan. (Xie et al. 2022, arXiv:2208.06677.) Formulas: ``scale_by_adan``.

    Its update needs params.

    Args besides the common ones (``help(optim.optimizers)``):
        b2: decay of the average of differences of gradients.
        b3: decay of the average of squares.

    >>> tx, params = adan(0.1), np.zeros(1)
    >>> tx.update(np.array([3.0]), tx.init(params), params)[0].round(6)
    array([-0.1])
    """
    return chain(
        scale_by_adan(b1, b2, b3, eps, eps_root),
        add_decayed_weights(weight_decay, mask),
        descend("adan", learning_rate),
    )

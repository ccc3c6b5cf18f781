"""Optimizers that are not of Adam's kind: momentum, signs, accumulated squares."""

from __future__ import annotations

import numpy as np  # noqa: F401  (the examples use it)

from ...core.tracebacks import user_facing
from ...typing import DTypeLike, Key
from ..pieces.decay_and_noise import add_decayed_weights, add_noise
from ..pieces.momentum import scale_by_lion, scale_by_novograd, scale_by_optimistic_gradient, trace
from ..pieces.root_of_squares import (
    scale_by_adadelta,
    scale_by_rms,
    scale_by_rprop,
    scale_by_rss,
    scale_by_sm3,
    scale_by_stddev,
)
from ..pieces.scaling import (
    descend,
    scale,
    scale_by_learning_rate,
    scale_by_polyak,
    scale_by_sign,
    scale_by_trust_ratio,
)
from ..transformation import GradientTransformation, chain, identity
from ..typing import Mask, ScalarOrSchedule
from ..wrappers.masking import masked


@user_facing
def sgd(
    learning_rate: ScalarOrSchedule,
    momentum: ScalarOrSchedule | None = None,
    nesterov: bool = False,
    accumulator_dtype: DTypeLike | None = None,
) -> GradientTransformation:
    """Gradient descent, with momentum or without. (Sutskever et al. 2013.) Formulas: ``trace``.

    Common arguments: ``help(optim.optimizers)``.

    >>> tx, params = sgd(0.5), np.array([1.0, 2.0])
    >>> tx.update(np.array([3.0, -1.0]), tx.init(params))[0]
    array([-1.5,  0.5])
    """
    step = descend("sgd", learning_rate)
    if momentum is None:
        return chain(identity(), step)
    return chain(trace(momentum, nesterov, accumulator_dtype), step)


@user_facing
def noisy_sgd(
    learning_rate: ScalarOrSchedule,
    eta: ScalarOrSchedule = 0.01,
    gamma: ScalarOrSchedule = 0.55,
    key: Key | int = 0,
) -> GradientTransformation:
    """Gradient descent with decaying noise. (Neelakantan et al. 2015, arXiv:1511.06807.)

    Args besides the common ones (``help(optim.optimizers)``):
        eta: variance of the noise at the first update.
        gamma: exponent of its decay.
        key: a key of ``funcgrad.random``, or an integer to make one of.

    >>> tx, params = noisy_sgd(0.1, eta=1e-6), np.zeros(1)
    >>> tx.update(np.array([1.0]), tx.init(params))[0].round(2)
    array([-0.1])
    """
    return chain(add_noise(eta, gamma, key), descend("noisy_sgd", learning_rate))


@user_facing
def sign_sgd(learning_rate: ScalarOrSchedule) -> GradientTransformation:
    """Descent by the signs of gradients. (Bernstein et al. 2018, arXiv:1802.04434.)

    Common arguments: ``help(optim.optimizers)``.

    >>> tx, params = sign_sgd(0.5), np.zeros(2)
    >>> tx.update(np.array([3.0, -0.1]), tx.init(params))[0]
    array([-0.5,  0.5])
    """
    return chain(scale_by_sign(), descend("sign_sgd", learning_rate))


@user_facing
def optimistic_gradient_descent(
    learning_rate: ScalarOrSchedule, alpha: ScalarOrSchedule = 1.0, beta: ScalarOrSchedule = 1.0
) -> GradientTransformation:
    """Descent along extrapolated gradients, for games. Formula: ``scale_by_optimistic_gradient``.

    Args besides the common ones (``help(optim.optimizers)``):
        alpha: weight of the gradient.
        beta: weight of its change.

    >>> tx, params = optimistic_gradient_descent(0.5), np.zeros(1)
    >>> tx.update(np.array([3.0]), tx.init(params))[0]
    array([-1.5])
    """
    return chain(
        scale_by_optimistic_gradient(alpha, beta),
        descend("optimistic_gradient_descent", learning_rate),
    )


@user_facing
def polyak_sgd(
    max_learning_rate: ScalarOrSchedule = 1.0,
    scaling: ScalarOrSchedule = 1.0,
    f_min: ScalarOrSchedule = 0.0,
    eps: ScalarOrSchedule = 0.0,
    variant: str = "sps",
) -> GradientTransformation:
    """Gradient descent with Polyak's step size. Formula: ``scale_by_polyak``.

    Args besides those of that function:
        scaling: factor of the step size, a number or a schedule.

    Returns:
        The transformation; its update needs the keyword ``value``, the loss.

    >>> tx, params = polyak_sgd(), np.zeros(2)
    >>> tx.update(np.array([1.0, 1.0]), tx.init(params), value=0.5)[0]
    array([-0.25, -0.25])
    """
    return chain(
        descend("polyak_sgd", scaling), scale_by_polyak(f_min, max_learning_rate, eps, variant)
    )


@user_facing
def adagrad(
    learning_rate: ScalarOrSchedule,
    initial_accumulator_value: ScalarOrSchedule = 0.1,
    eps: ScalarOrSchedule = 1e-7,
) -> GradientTransformation:
    """Adagrad. (Duchi, Hazan and Singer 2011.) Formulas: ``scale_by_rss``.

    Args besides the common ones (``help(optim.optimizers)``):
        initial_accumulator_value: the first sum of squares.
        eps: added under the root.

    >>> tx, params = adagrad(0.1, initial_accumulator_value=0.0), np.zeros(1)
    >>> tx.update(np.array([3.0]), tx.init(params))[0].round(6)
    array([-0.1])
    """
    return chain(scale_by_rss(initial_accumulator_value, eps), descend("adagrad", learning_rate))


@user_facing
def adadelta(
    learning_rate: ScalarOrSchedule | None = None,
    rho: ScalarOrSchedule = 0.9,
    eps: ScalarOrSchedule = 1e-6,
    weight_decay: ScalarOrSchedule = 0.0,
    weight_decay_mask: Mask | None = None,
) -> GradientTransformation:
    """Adadelta. (Zeiler 2012, arXiv:1212.5701.) Formulas: ``scale_by_adadelta``.

    Its update needs params.

    Args besides the common ones (``help(optim.optimizers)``):
        learning_rate: a number or a schedule; the paper's is 1. With None updates keep the sign of
            gradients, as in Optax, and are to be negated by what follows in a chain.
        rho: decay of the averages.
        eps: added under the roots.
        weight_decay: multiple of the parameters that is added to gradients.

    >>> tx, params = adadelta(1.0, rho=0.75, eps=1.0), np.zeros(1)
    >>> tx.update(np.array([2.0]), tx.init(params), params)[0].round(6)
    array([-1.414214])
    """
    return chain(
        add_decayed_weights(weight_decay, weight_decay_mask),
        scale_by_adadelta(rho, eps),
        scale_by_learning_rate(learning_rate),
    )


@user_facing
def rmsprop(
    learning_rate: ScalarOrSchedule,
    decay: ScalarOrSchedule = 0.9,
    eps: ScalarOrSchedule = 1e-8,
    initial_scale: ScalarOrSchedule = 0.0,
    eps_in_sqrt: bool = True,
    centered: bool = False,
    momentum: ScalarOrSchedule | None = None,
    nesterov: bool = False,
    bias_correction: bool = False,
) -> GradientTransformation:
    """RMSProp. (Tieleman and Hinton 2012.) Formulas: ``scale_by_rms``, ``scale_by_stddev``.

    Args besides the common ones (``help(optim.optimizers)``):
        decay: of the averages.
        eps: added under the root, or to it.
        initial_scale: the first average of squares.
        eps_in_sqrt: True to add eps under the root, False to add it to the root.
        centered: True to divide by the standard deviation instead.
        bias_correction: True to correct averages for their start.

    >>> tx, params = rmsprop(0.1, decay=0.75, eps=0.0), np.zeros(1)
    >>> tx.update(np.array([3.0]), tx.init(params))[0]
    array([-0.2])
    """
    scaled = scale_by_stddev if centered else scale_by_rms
    return chain(
        scaled(decay, eps, initial_scale, eps_in_sqrt, bias_correction),
        descend("rmsprop", learning_rate),
        identity() if momentum is None else trace(momentum, nesterov),
    )


@user_facing
def lars(
    learning_rate: ScalarOrSchedule,
    weight_decay: ScalarOrSchedule = 0.0,
    weight_decay_mask: Mask = True,
    trust_coefficient: ScalarOrSchedule = 0.001,
    eps: ScalarOrSchedule = 0.0,
    trust_ratio_mask: Mask = True,
    momentum: ScalarOrSchedule = 0.9,
    nesterov: bool = False,
) -> GradientTransformation:
    """LARS: momentum with a learning rate for each leaf. (You et al. 2017, arXiv:1708.03888.)

    Its update needs params.

    Args besides the common ones (``help(optim.optimizers)``):
        weight_decay: multiple of the parameters that is added to gradients.
        weight_decay_mask: the parameters that decay, as of ``masked``.
        trust_coefficient: as of ``scale_by_trust_ratio``.
        eps: as there.
        trust_ratio_mask: the parameters that are scaled so.

    >>> tx, params = lars(1.0, trust_coefficient=0.1), np.array([3.0, 4.0])
    >>> tx.update(np.array([2.0, 0.0]), tx.init(params), params)[0]
    array([-0.5,  0. ])
    """
    return chain(
        add_decayed_weights(weight_decay, weight_decay_mask),
        masked(
            scale_by_trust_ratio(trust_coefficient=trust_coefficient, eps=eps), trust_ratio_mask
        ),
        descend("lars", learning_rate),
        trace(momentum, nesterov),
    )


@user_facing
def lion(
    learning_rate: ScalarOrSchedule,
    b1: ScalarOrSchedule = 0.9,
    b2: ScalarOrSchedule = 0.99,
    mu_dtype: DTypeLike | None = None,
    weight_decay: ScalarOrSchedule = 1e-3,
    mask: Mask | None = None,
) -> GradientTransformation:
    """Lion. (Chen et al. 2023, arXiv:2302.06675.) Formulas: ``scale_by_lion``.

    Its update needs params.

    Args besides the common ones (``help(optim.optimizers)``):
        learning_rate: a number or a schedule; a third to a tenth of Adam's.
        b1: weight of the average in the direction.
        b2: decay of the average.

    >>> tx, params = lion(0.5), np.zeros(2)
    >>> tx.update(np.array([3.0, -0.1]), tx.init(params), params)[0]
    array([-0.5,  0.5])
    """
    return chain(
        scale_by_lion(b1, b2, mu_dtype),
        add_decayed_weights(weight_decay, mask),
        descend("lion", learning_rate),
    )


@user_facing
def novograd(
    learning_rate: ScalarOrSchedule,
    b1: ScalarOrSchedule = 0.9,
    b2: ScalarOrSchedule = 0.25,
    eps: ScalarOrSchedule = 1e-6,
    eps_root: ScalarOrSchedule = 0.0,
    weight_decay: ScalarOrSchedule = 0.0,
) -> GradientTransformation:
    """NovoGrad. (Ginsburg et al. 2019, arXiv:1905.11286.) Formulas: ``scale_by_novograd``.

    Its update needs params.

    Args besides the common ones (``help(optim.optimizers)``):
        b1: decay of the momentum.
        b2: decay of the squared norm.
        weight_decay: multiple of the parameters that is added before the momentum.

    >>> tx, params = novograd(1.0), np.zeros(2)
    >>> tx.update(np.array([3.0, 4.0]), tx.init(params), params)[0].round(6)
    array([-0.6, -0.8])
    """
    return chain(
        scale_by_novograd(b1, b2, eps, eps_root, weight_decay),
        descend("novograd", learning_rate),
    )


@user_facing
def rprop(
    learning_rate: ScalarOrSchedule,
    eta_minus: ScalarOrSchedule = 0.5,
    eta_plus: ScalarOrSchedule = 1.2,
    min_step_size: ScalarOrSchedule = 1e-6,
    max_step_size: ScalarOrSchedule = 50.0,
) -> GradientTransformation:
    """Rprop, for gradients that are not stochastic. Formulas: ``scale_by_rprop``.

    Its arguments are those of that function.

    >>> tx, params = rprop(0.5), np.zeros(2)
    >>> tx.update(np.array([3.0, -0.1]), tx.init(params))[0]
    array([-0.5,  0.5])
    """
    return chain(
        scale_by_rprop(learning_rate, eta_minus, eta_plus, min_step_size, max_step_size),
        scale(-1.0),
    )


@user_facing
def sm3(
    learning_rate: ScalarOrSchedule, momentum: ScalarOrSchedule = 0.9
) -> GradientTransformation:
    """SM3, an Adagrad with little memory. (Anil et al. 2019.) Formulas: ``scale_by_sm3``.

    Args besides the common ones (``help(optim.optimizers)``):
        momentum: decay of the average of directions.

    >>> tx, params = sm3(0.1, momentum=0.5), np.zeros(2)
    >>> tx.update(np.array([3.0, -0.1]), tx.init(params))[0].round(4)
    array([-0.05,  0.05])
    """
    return chain(scale_by_sm3(momentum), descend("sm3", learning_rate))

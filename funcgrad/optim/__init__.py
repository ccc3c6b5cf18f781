"""Optimizers: pairs of pure functions over pytrees, with the shape and the names of Optax.

An optimizer is a ``GradientTransformation``: ``init(params)`` makes a state, and
``update(grads, state, params)`` turns gradients into updates, to be added by ``apply_updates``.
States are named tuples of arrays and Python numbers. Transformations are chained.

>>> import numpy as np
>>> import funcgrad as fg
>>> from funcgrad import optim
>>> tx = optim.chain(optim.clip_by_global_norm(1.0), optim.adam(0.1))
>>> @fg.jit
... def step(params, state):
...     grads = fg.grad(lambda p: np.sum((p - 3.0) ** 2))(params)
...     updates, state = tx.update(grads, state, params)
...     return optim.apply_updates(params, updates), state
>>> params = np.zeros(2)
>>> state = tx.init(params)
>>> for _ in range(200):
...     params, state = step(params, state)
>>> params.round(2)
array([3., 3.])

Number types. Updates have the dtypes of the gradients. Of float16 parameters,
and of bfloat16 and float8, all states are held in float32, unless a dtype is asked for, and all
arithmetic is in float32; so are norms.
Gradients beyond the root of the largest number of float32 or float64, divided by 4096 (4e15 and
3e150), count as that where squares of them are averaged or summed; norms do not overflow by their
squares. Where eps is too small for the type, the least number of the type is added under the root:
a gradient of 0 gives an update of 0, also with eps=0. A NaN in a gradient is NaN in the update, and
so is an infinity that is divided by a root of squares.

Numbers that steer an optimizer and whose values are known are checked: learning rates and eps must
not be negative, decays be in [0, 1), norms to clip to be positive. The values of schedules and
traced ones are not.

Arguments that many functions share are explained in ``help(optim.optimizers)`` and
``help(optim.schedules)``. Every hyper-parameter may be a schedule, a function of the number of
updates made so far:

>>> tx = optim.adamw(optim.cosine_decay_schedule(1e-2, 100), b1=optim.linear_schedule(0.8, 0.9, 50))
>>> optim.tree_get(tx.init(params), "learning_rate")
np.float64(0.01)

Different leaves can be treated differently, by patterns of their paths (``multi_transform``,
``masked``, ``by_path``). To keep learning rates and the like in the state, where a
training loop can change them, use ``inject_hyperparams``.
"""

from __future__ import annotations

from .hyperparameters import (
    InjectHyperparamsState,
    inject_hyperparams,
)
from .inspection import (
    tree_get,
)
from .leaves import (
    global_norm,
)
from .linesearch.backtracking import (
    BacktrackingLinesearchInfo,
    ScaleByBacktrackingLinesearchState,
    scale_by_backtracking_linesearch,
)
from .linesearch.objective import value_and_grad_from_state
from .linesearch.zoom import (
    ScaleByZoomLinesearchState,
    ZoomLinesearchInfo,
    scale_by_zoom_linesearch,
)
from .optimizers.adafactor import FactoredState, adafactor, scale_by_factored_rms
from .optimizers.adam_family import (
    adabelief,
    adam,
    adamax,
    adamaxw,
    adamw,
    adan,
    amsgrad,
    lamb,
    nadam,
    nadamw,
    radam,
    yogi,
)
from .optimizers.lbfgs import ScaleByLBFGSState, lbfgs, scale_by_lbfgs
from .optimizers.momentum_family import (
    adadelta,
    adagrad,
    lars,
    lion,
    noisy_sgd,
    novograd,
    optimistic_gradient_descent,
    polyak_sgd,
    rmsprop,
    rprop,
    sgd,
    sign_sgd,
    sm3,
)
from .optimizers.muon import MuonState, muon, orthogonalize, scale_by_muon
from .pieces.adam_moments import (
    ScaleByAdamState,
    ScaleByAmsgradState,
    ScaleByBeliefState,
    scale_by_adam,
    scale_by_adamax,
    scale_by_amsgrad,
    scale_by_belief,
    scale_by_radam,
    scale_by_yogi,
)
from .pieces.clipping import (
    adaptive_grad_clip,
    clip,
    clip_by_block_rms,
    clip_by_global_norm,
    clip_by_norm,
)
from .pieces.decay_and_noise import (
    AddNoiseState,
    ZeroNansState,
    add_decayed_weights,
    add_noise,
    keep_params_nonnegative,
    zero_nans,
)
from .pieces.momentum import (
    EmaState,
    ScaleByAdanState,
    ScaleByLionState,
    ScaleByNovogradState,
    ScaleByOptimisticGradientState,
    TraceState,
    ema,
    scale_by_adan,
    scale_by_lion,
    scale_by_novograd,
    scale_by_optimistic_gradient,
    trace,
)
from .pieces.root_of_squares import (
    ScaleByAdaDeltaState,
    ScaleByRmsState,
    ScaleByRpropState,
    ScaleByRssState,
    ScaleByRStdDevState,
    ScaleBySM3State,
    scale_by_adadelta,
    scale_by_rms,
    scale_by_rprop,
    scale_by_rss,
    scale_by_sm3,
    scale_by_stddev,
)
from .pieces.scaling import (
    ScaleByLearningRateState,
    ScaleByScheduleState,
    centralize,
    normalize_by_update_norm,
    scale,
    scale_by_learning_rate,
    scale_by_param_block_norm,
    scale_by_param_block_rms,
    scale_by_polyak,
    scale_by_schedule,
    scale_by_sign,
    scale_by_trust_ratio,
)
from .schedules.basic import (
    constant_schedule,
    cosine_decay_schedule,
    exponential_decay,
    join_schedules,
    linear_schedule,
    piecewise_constant_schedule,
    piecewise_interpolate_schedule,
    polynomial_schedule,
)
from .schedules.warmup import (
    cosine_onecycle_schedule,
    linear_onecycle_schedule,
    sgdr_schedule,
    warmup_constant_schedule,
    warmup_cosine_decay_schedule,
    warmup_exponential_decay_schedule,
    warmup_inverse_sqrt_schedule,
)
from .transformation import (
    EmptyState,
    GradientTransformation,
    apply_updates,
    chain,
    identity,
    named_chain,
    set_to_zero,
    stateless,
    with_extra_args_support,
)
from .wrappers.lookahead import LookaheadState, SAMState, lookahead, sam
from .wrappers.masking import (
    MaskedNode,
    MaskedState,
    MultiTransformState,
    by_path,
    freeze,
    masked,
    multi_transform,
)
from .wrappers.skipping import (
    AccumulateState,
    ApplyEveryState,
    ApplyIfFiniteState,
    accumulate,
    apply_every,
    apply_if_finite,
    skip_not_finite,
)

__all__ = [
    "AccumulateState",
    "AddNoiseState",
    "ApplyEveryState",
    "ApplyIfFiniteState",
    "BacktrackingLinesearchInfo",
    "EmaState",
    "EmptyState",
    "FactoredState",
    "GradientTransformation",
    "InjectHyperparamsState",
    "LookaheadState",
    "MaskedNode",
    "MaskedState",
    "MultiTransformState",
    "MuonState",
    "SAMState",
    "ScaleByAdaDeltaState",
    "ScaleByAdamState",
    "ScaleByAdanState",
    "ScaleByAmsgradState",
    "ScaleByBacktrackingLinesearchState",
    "ScaleByBeliefState",
    "ScaleByLBFGSState",
    "ScaleByLearningRateState",
    "ScaleByLionState",
    "ScaleByNovogradState",
    "ScaleByOptimisticGradientState",
    "ScaleByRStdDevState",
    "ScaleByRmsState",
    "ScaleByRpropState",
    "ScaleByRssState",
    "ScaleBySM3State",
    "ScaleByScheduleState",
    "ScaleByZoomLinesearchState",
    "TraceState",
    "ZeroNansState",
    "ZoomLinesearchInfo",
    "accumulate",
    "adabelief",
    "adadelta",
    "adafactor",
    "adagrad",
    "adam",
    "adamax",
    "adamaxw",
    "adamw",
    "adan",
    "adaptive_grad_clip",
    "add_decayed_weights",
    "add_noise",
    "amsgrad",
    "apply_every",
    "apply_if_finite",
    "apply_updates",
    "by_path",
    "centralize",
    "chain",
    "clip",
    "clip_by_block_rms",
    "clip_by_global_norm",
    "clip_by_norm",
    "constant_schedule",
    "cosine_decay_schedule",
    "cosine_onecycle_schedule",
    "ema",
    "exponential_decay",
    "freeze",
    "global_norm",
    "identity",
    "inject_hyperparams",
    "join_schedules",
    "keep_params_nonnegative",
    "lamb",
    "lars",
    "lbfgs",
    "linear_onecycle_schedule",
    "linear_schedule",
    "lion",
    "lookahead",
    "masked",
    "multi_transform",
    "muon",
    "nadam",
    "nadamw",
    "named_chain",
    "noisy_sgd",
    "normalize_by_update_norm",
    "novograd",
    "optimistic_gradient_descent",
    "orthogonalize",
    "piecewise_constant_schedule",
    "piecewise_interpolate_schedule",
    "polyak_sgd",
    "polynomial_schedule",
    "radam",
    "rmsprop",
    "rprop",
    "sam",
    "scale",
    "scale_by_adadelta",
    "scale_by_adam",
    "scale_by_adamax",
    "scale_by_adan",
    "scale_by_amsgrad",
    "scale_by_backtracking_linesearch",
    "scale_by_belief",
    "scale_by_factored_rms",
    "scale_by_lbfgs",
    "scale_by_learning_rate",
    "scale_by_lion",
    "scale_by_muon",
    "scale_by_novograd",
    "scale_by_optimistic_gradient",
    "scale_by_param_block_norm",
    "scale_by_param_block_rms",
    "scale_by_polyak",
    "scale_by_radam",
    "scale_by_rms",
    "scale_by_rprop",
    "scale_by_rss",
    "scale_by_schedule",
    "scale_by_sign",
    "scale_by_sm3",
    "scale_by_stddev",
    "scale_by_trust_ratio",
    "scale_by_yogi",
    "scale_by_zoom_linesearch",
    "set_to_zero",
    "sgd",
    "sgdr_schedule",
    "sign_sgd",
    "skip_not_finite",
    "sm3",
    "stateless",
    "trace",
    "tree_get",
    "value_and_grad_from_state",
    "warmup_constant_schedule",
    "warmup_cosine_decay_schedule",
    "warmup_exponential_decay_schedule",
    "warmup_inverse_sqrt_schedule",
    "with_extra_args_support",
    "yogi",
    "zero_nans",
]

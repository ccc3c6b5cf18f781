import funcgrad.core.printing  # noqa: F401
import funcgrad.ops.contraction  # noqa: F401
import funcgrad.ops.cumulative  # noqa: F401
import funcgrad.ops.operators  # noqa: F401
import funcgrad.ops.reductions  # noqa: F401
import funcgrad.ops.sorting  # noqa: F401
from funcgrad.core.tracing import Tracer
import numpy as np
from funcgrad.ops.shape import reduce_sum
from funcgrad.ops.comparison import select
Tracer.functions[np.sum]=lambda x: reduce_sum(x,axes=tuple(range(x.ndim)))
Tracer.functions[np.where]=select
from funcgrad.ops.complex import real
Tracer.real=property(lambda s: real(s))

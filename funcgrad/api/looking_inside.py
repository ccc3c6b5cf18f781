"""Looking inside of a lowered function: its groups, its native code, what it costs."""

from __future__ import annotations

import statistics
import time
import timeit
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..compiler import costs
from ..compiler.pipeline import optimize
from ..compiler.program import program_for
from ..core.avals import Aval
from ..core.deferred import Deferred
from ..core.jaxpr import Jaxpr
from ..core.tracebacks import user_facing

if TYPE_CHECKING:
    from ..compiler.native import cache, inside, llvm, pool
else:
    cache = Deferred("funcgrad.compiler.native.cache", globals())
    inside = Deferred("funcgrad.compiler.native.inside", globals())
    llvm = Deferred("funcgrad.compiler.native.llvm", globals())
    pool = Deferred("funcgrad.compiler.native.pool", globals())

STEP = 1e-6
"""Seconds that NumPy takes for a step besides computing."""


class CostAnalysis(NamedTuple):
    """What a call of a program costs.

    Loops of unknown length count as one turn, branches as the dearest of them, and bytes as if
    nothing stayed in a cache between two steps.

    Attributes:
        flops: operations of arithmetic.
        transcendentals: exponentials, sines and the like.
        bytes_read: of the operands of all steps.
        bytes_written: of the results of all steps.
        peak_bytes: the most that is alive at once of what is neither argument nor result.
        predicted_seconds: for each step the larger of the time to compute and to move bytes, on
            one core that does 1e10 flops, 5e8 transcendentals and 1e10 bytes a second; besides,
            0.2 us a call, and 1 us for each step in NumPy.
        measured_seconds: the median of some calls with ones for arguments; None if not measured.
    """

    flops: float
    transcendentals: float
    bytes_read: float
    bytes_written: float
    peak_bytes: int
    predicted_seconds: float
    measured_seconds: float | None


class CompileTime(NamedTuple):
    """Seconds that each stage of compiling takes.

    Attributes:
        stage: to trace the function.
        optimize: the passes over its jaxpr.
        emit: to write the text of native functions.
        codegen: to make machine code of it, or to read that from the disk.
        link: to load it.
        from_disk: whether all machine code was on the disk.
    """

    stage: float
    optimize: float
    emit: float
    codegen: float
    link: float
    from_disk: bool


class Inspected:
    """What can be asked of a lowered function; its program is compiled for this, but not run."""

    traced: Jaxpr
    stage_seconds: float

    def jaxpr(self) -> Jaxpr:
        """What the function computes, on flat arguments, as it was traced.

        >>> import numpy as np
        >>> import funcgrad as fg
        >>> fg.jit(lambda x: np.sin(x) * 2).lower(np.ones(3)).jaxpr()
        { lambda ; a:f64[3]. let
            b:f64[3] = sin a
            c:f64[3] = mul b 2:i64*[]
          in (c,) }
        """
        return self.traced

    def groups(self) -> inside.Groups:
        """The steps of the program: what runs together, natively or in NumPy, and why.

        It is how the program is compiled where native code is in use, whether it is here or not.

        Returns:
            A tuple of Group(kind, equations, function, why), which prints itself.

        >>> import numpy as np
        >>> import funcgrad as fg
        >>> fg.jit(lambda x: np.sum(np.sin(x) * x)).lower(np.ones(100)).groups()
        steps: 1, native functions: 1
        native 1, map:
            b:f64[100] = sin a
            c:f64[100] = mul b a
            d:f64[] = reduce_sum[axes=(0,)] c
        """
        return inside.groups_of(self.traced)

    @user_facing
    def llvm_ir(self) -> str:
        """The text of the program's native functions, as LLVM gets it.

        Raises:
            ImportError: llvmlite is not installed.
        """
        return _joined(inside.llvm_text(self.traced), ";")

    @user_facing
    def asm(self) -> str:
        """The assembly of the program's native functions, for this processor.

        Raises:
            ImportError: llvmlite is not installed.
        """
        return _joined(map(llvm.assembly, inside.llvm_text(self.traced)), "#")

    @user_facing
    def cost_analysis(self, *, measure: bool = False) -> CostAnalysis:
        """What a call of the program costs, counted from its equations.

        Args:
            measure: also call the program, with ones for arguments, and take the time.

        >>> import numpy as np
        >>> import funcgrad as fg
        >>> cost = fg.jit(lambda x: np.sin(x) * x + 1).lower(np.ones(1000)).cost_analysis()
        >>> cost.flops, cost.transcendentals, cost.bytes_read, cost.bytes_written
        (2000.0, 1000.0, 8000.0, 8000.0)
        """
        machine = costs.Machine()
        steps, peak = inside.work_of(self.traced)
        total = costs.Work()
        for work in steps:
            total = total.plus(work)
        in_numpy = sum(g.function is None for g in self.groups())
        seconds = machine.call + STEP * in_numpy + sum(w.seconds(machine) for w in steps)
        measured = self._measured() if measure else None
        return CostAnalysis(*total, peak, seconds, measured)

    def _measured(self) -> float:
        given = [_ones(a) for a in self.traced.in_avals]
        run = program_for(self.traced, given)
        run(*given)
        once = max(timeit.timeit(lambda: run(*given), number=1), 1e-7)
        number = max(1, int(0.01 / once))
        times = timeit.repeat(lambda: run(*given), number=number, repeat=7)
        return statistics.median(times) / number

    @user_facing
    def compile_time(self) -> CompileTime:
        """The seconds that each stage takes; all but tracing is done again for this.

        Without llvmlite there are no native functions to emit.
        """
        _, optimizing = _timed(lambda: optimize(self.traced))
        if llvm.binding() is None:
            return CompileTime(self.stage_seconds, optimizing, 0.0, 0.0, 0.0, False)
        texts, emitting = _timed(lambda: inside.llvm_text(self.traced))
        folder = cache.folder()
        known = folder is not None and all(cache.read(folder, cache.key(t)) for t in texts)
        codes, generating = _timed(lambda: [cache.compiled(t) for t in texts])
        _, linking = _timed(lambda: [*map(pool.loaded, codes, texts)])
        stages = (self.stage_seconds, optimizing, emitting, generating, linking)
        return CompileTime(*stages, bool(texts) and known)


def _ones(aval: Aval) -> Any:
    made = np.ones(aval.shape, aval.dtype)
    return made.item() if aval.weak else made


def _joined(texts: Iterable[str], comment: str) -> str:
    """The texts of several functions, each with its number."""
    found = [f"{comment} native function {i + 1}\n{text}" for i, text in enumerate(texts)]
    return "\n".join(found) or f"{comment} nothing of this program is native\n"


def _timed(run: Callable[[], Any]) -> tuple[Any, float]:
    start = time.perf_counter()
    found = run()
    return found, time.perf_counter() - start


__all__ = ["CompileTime", "CostAnalysis", "Inspected"]

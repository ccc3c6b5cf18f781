"""Compiling ahead of time: ``jit(f).lower(*args).compile()``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from .. import arrays, tree
from ..compiler.pipeline import optimized
from ..compiler.program import program_for
from ..control.call import call
from ..core.avals import Aval
from ..core.jaxpr import Jaxpr
from ..core.tracebacks import user_facing
from ..core.tracing import Tracer, aval_of
from ..errors import ShapeError, TreeError
from ..typing import Array, PyTree, PyTreeSpec
from .looking_inside import Inspected
from .staging import ShapeDtypeStruct

Run: TypeAlias = Callable[..., Sequence[Array]]
"""A compiled program, from the leaves of the arguments to the leaves of the result."""


class Lowered(Inspected):
    """A jitted function traced at given shapes and dtypes.

    Attributes:
        in_tree: structure of (args, kwargs) without static arguments.
        out_tree: structure of the result.
        in_avals: shapes and dtypes of the leaves of the arguments.
        out_info: the result with ShapeDtypeStructs as leaves.
        stage_seconds: how long the function was traced.
    """

    def __init__(
        self,
        name: str,
        jaxpr: Jaxpr,
        captured: Sequence[Array],
        in_tree: PyTreeSpec,
        out_tree: PyTreeSpec,
        stage_seconds: float = 0.0,
    ) -> None:
        self.stage_seconds: float = stage_seconds
        self.name: str = name
        self.traced: Jaxpr = jaxpr
        self.captured: list[Array] = list(captured)
        self.in_tree: PyTreeSpec = in_tree
        self.out_tree: PyTreeSpec = out_tree

    @property
    def in_avals(self) -> tuple[Aval, ...]:
        """Shapes and dtypes of the leaves of the arguments."""
        return tuple(self.traced.in_avals[len(self.captured) :])

    @property
    def out_info(self) -> PyTree:
        """The result with ShapeDtypeStructs as leaves."""
        return tree.unflatten(
            self.out_tree, [ShapeDtypeStruct(a.shape, a.dtype) for a in self.traced.out_avals]
        )

    def as_text(self) -> str:
        """The optimised program in the notation of jaxprs."""
        return str(optimized(self.traced))

    def compile(self) -> Executable:
        """Compile the program now."""
        return Executable(self)

    def __reduce__(self) -> Any:
        trees = (tree.Stored(self.in_tree), tree.Stored(self.out_tree))
        return (_rebuild, (type(self), self.name, self.traced, self.captured, *trees))

    def __repr__(self) -> str:
        return f"<{self.name} lowered at {', '.join(map(str, self.in_avals))}>"


def _rebuild(
    cls: type[Lowered],
    name: str,
    jaxpr: Jaxpr,
    captured: Sequence[Array],
    in_tree: tree.Stored,
    out_tree: tree.Stored,
) -> Lowered:
    lowered = Lowered(name, jaxpr, captured, in_tree.structure(), out_tree.structure())
    return lowered if cls is Lowered else lowered.compile()


class Executable(Lowered):
    """A program for arguments of given shapes and dtypes; static arguments are not passed."""

    def __init__(self, lowered: Lowered) -> None:
        super().__init__(
            lowered.name,
            lowered.traced,
            lowered.captured,
            lowered.in_tree,
            lowered.out_tree,
            lowered.stage_seconds,
        )
        self.programs: dict[bool, Run] = {}
        if not self.captured:
            self.programs[False] = program_for(self.traced, ())

    @user_facing
    def __call__(self, *args: PyTree, **kwargs: PyTree) -> PyTree:
        """Run the program.

        Raises:
            TreeError: the arguments have another structure than the program was compiled for.
            ShapeError: one of them has another shape or dtype; the message has its path.
        """
        leaves, in_tree = tree.flatten((args, kwargs))
        if in_tree != self.in_tree:
            raise TreeError(
                f"{self.name}: compiled for arguments of structure {self.in_tree}, got {in_tree}"
            )
        for i, (x, aval) in enumerate(zip(leaves, self.in_avals, strict=True)):
            given = aval_of(x)
            if not given.matches(aval):
                which, *path = in_tree.paths()[i]
                where = tree.format_path(tuple(path), "args" if which == 0 else "kwargs")
                raise ShapeError(f"{self.name}: compiled for {where} of {aval}, got {given}")
        if self.captured or any(isinstance(x, Tracer) for x in leaves):
            outs = call(*self.captured, *leaves, jaxpr=self.traced, name=self.name)
        else:
            outs = self._program(leaves)(*leaves)
        return tree.unflatten(self.out_tree, outs)

    def _program(self, leaves: Sequence[Array]) -> Run:
        """The program for arguments of NumPy, or for those on a GPU."""
        on_gpu = arrays.first_on_gpu(leaves) is not None
        if on_gpu not in self.programs:
            self.programs[on_gpu] = program_for(self.traced, leaves)
        return self.programs[on_gpu]

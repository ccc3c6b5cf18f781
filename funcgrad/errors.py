"""The exceptions that funcgrad raises; each also derives from the built-in class users expect."""

from __future__ import annotations


class FuncgradError(Exception):
    """Base class of every error that funcgrad raises on purpose."""


class TracerError(FuncgradError, TypeError):
    """A traced value was used in a way that would silently drop its derivative."""


class ConcretizationError(TracerError):
    """A traced value without a concrete value was used where Python needs one."""


class EscapedTracerError(FuncgradError, RuntimeError):
    """A traced value was used after the transformation that made it had returned."""


class ShapeError(FuncgradError, ValueError):
    """Array shapes, axes or sizes do not fit together."""


class TreeError(FuncgradError, ValueError):
    """Two pytrees that must have the same structure differ."""


class DifferentiationError(FuncgradError, TypeError):
    """A derivative was asked for that does not exist."""


class DepthError(FuncgradError, RecursionError):
    """Transformations, calls or containers are nested deeper than Python's stack is high."""


class MutationError(FuncgradError, RuntimeError):
    """An array was changed in place between the forward and the backward pass."""


class JaxprError(FuncgradError, TypeError):
    """A jaxpr is not well formed."""


class FileError(FuncgradError, ValueError):
    """A file does not hold what was saved, or not what is asked for."""


class KeyReuseError(FuncgradError, ValueError):
    """A key of random numbers was consumed twice."""


class NonFiniteError(FuncgradError, FloatingPointError):
    """A result is infinite or not a number, where that is checked."""


class RetraceError(FuncgradError, RuntimeError):
    """A jitted function would be traced again where that is refused."""

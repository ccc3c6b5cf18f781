"""Array modules: NumPy and CuPy behind one name. The only file that names CuPy."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from types import ModuleType
from typing import Any, Protocol, TypeAlias

import numpy as np

from .context import current, within

ArrayModule: TypeAlias = ModuleType
"""NumPy or CuPy, as functions that evaluate operators take it: ``xp``."""


class NumberedDevice(Protocol):
    """A GPU as CuPy names it."""

    @property
    def id(self) -> int:
        """Its number."""
        ...


Device: TypeAlias = str | int | NumberedDevice
"""'cpu', 'gpu', 'gpu:1', the number of a GPU, or a CuPy device."""


loaded_cupy: Callable[[], ModuleType | None] = partial(sys.modules.get, "cupy")
"""CuPy if the program has imported it, else None: only then can CuPy arrays exist."""


def import_cupy() -> ModuleType:
    """CuPy, or an error that says how to install it."""
    try:
        import cupy
    except ImportError as error:
        raise ImportError(
            "GPU arrays need CuPy: pip install 'funcgrad[cuda12]' (or cuda13, to match the driver)"
        ) from error
    return cupy


def is_gpu_array(x: object) -> bool:
    """True if x is a CuPy array."""
    cupy = loaded_cupy()
    return cupy is not None and isinstance(x, cupy.ndarray)


_OF_NUMPY = (np.ndarray, np.generic)


def is_array(x: object) -> bool:
    """True if x is a NumPy array or scalar, or a CuPy array."""
    return isinstance(x, _OF_NUMPY) or is_gpu_array(x)


def namespace(args: Iterable[object]) -> ModuleType:
    """The array module of some operands: CuPy if any of them lives on a GPU, else NumPy."""
    cupy = loaded_cupy()
    if cupy is None or not hasattr(cupy, "ndarray"):
        return np
    for a in args:
        if isinstance(a, cupy.ndarray):
            return cupy
    return np


def beside(xp: ModuleType, x: Any) -> Any:
    """A value as operations beside arrays of ``xp`` take it: NumPy's arrays are uploaded."""
    return xp.asarray(x) if isinstance(x, np.ndarray | np.generic) else x


def like(x: Any, table: Any) -> Any:
    """A table that was made by NumPy, for a computation with x: uploaded if x is on a GPU."""
    cupy = loaded_cupy()
    if cupy is None or not is_gpu_array(x) or not isinstance(table, np.ndarray | np.generic):
        return table
    with current_on(x):
        return cupy.asarray(table)


def first_on_gpu(values: Iterable[object]) -> Any:
    """The first array of a GPU among values and the containers among them; None without one."""
    cupy = loaded_cupy()
    return None if cupy is None else _first(values, getattr(cupy, "ndarray", ()))


def _first(values: Iterable[object], kind: Any) -> Any:
    for v in values:
        if isinstance(v, kind):
            return v
        if isinstance(v, list | tuple):
            found = _first(v, kind)  # pyright: ignore[reportUnknownArgumentType]
        elif isinstance(v, dict):
            found = _first(v.values(), kind)  # pyright: ignore[reportUnknownArgumentType]
        else:
            continue
        if found is not None:
            return found
    return None


def current_on(x: Any) -> AbstractContextManager[object]:
    """A context in which the device of an array, if it is on a GPU, is the current one."""
    cupy = loaded_cupy()
    if cupy is None or not is_gpu_array(x):
        return _NOTHING
    # An array asks the driver where it is; the number of its memory is at hand.
    number = x.data.device_id
    return _NOTHING if number == cupy.cuda.runtime.getDevice() else cupy.cuda.Device(number)


_NOTHING: AbstractContextManager[object] = nullcontext()


def gpus_of(values: Sequence[object]) -> tuple[int | None, ...]:
    """The numbers of the GPUs on which values are; None for those of NumPy. () without CuPy."""
    if loaded_cupy() is None:
        return ()
    return tuple([x.data.device_id if is_gpu_array(x) else None for x in values])  # type: ignore[attr-defined]


def run_there(fun: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Call a function while the device of its arguments is the current one."""
    with current_on(_first((args, kwargs), getattr(loaded_cupy(), "ndarray", ()))):
        return fun(*args, **kwargs)


def harmonize(args: tuple[Any, ...]) -> tuple[ModuleType, tuple[Any, ...]]:
    """The array module of some operands, and the operands with NumPy arrays uploaded to it."""
    xp = namespace(args)
    if xp is np:
        return np, args
    with current_on(_on_one_device(xp, args)):
        return xp, tuple([beside(xp, a) for a in args])


def beside_each_other(args: Sequence[Any]) -> list[Any]:
    """Operands of which NumPy's arrays are uploaded if others are on a GPU; scalars stay."""
    xp = namespace(args)
    if xp is np:
        return list(args)
    with current_on(_on_one_device(xp, args)):
        return [xp.asarray(a) if isinstance(a, np.ndarray) else a for a in args]


def _on_one_device(xp: ModuleType, args: Iterable[Any]) -> Any:
    """The first array of a GPU, or an error if there are arrays of several ones."""
    found = [a for a in args if isinstance(a, xp.ndarray)]
    numbers = {a.data.device_id for a in found}
    if len(numbers) > 1:
        raise ValueError(
            f"one operation got arrays of GPUs {sorted(numbers)}; move them to one with "
            "funcgrad.device_put(x, device)"
        )
    return found[0]


def compute_there(run: Callable[[ModuleType, Sequence[Any]], Any], args: Sequence[Any]) -> Any:
    """Call ``run(xp, operands)`` on operands that are all on one device, while that is current.

    Raises:
        ValueError: they are on several GPUs.
    """
    xp = namespace(args)
    if xp is np:
        return run(np, args)
    with current_on(_on_one_device(xp, args)):
        return run(xp, [beside(xp, a) for a in args])


def on_host(values: Callable[..., Any]) -> Callable[..., Any]:
    """The evaluation of arrays of a GPU by a function of the host: ``(xp, *arrays, **params)``."""

    def there(xp: ModuleType, *xs: Any, **params: Any) -> Any:
        found = values(*map(device_get, xs), **params)
        return tuple(map(xp.asarray, found)) if type(found) is tuple else xp.asarray(found)

    return there


def unshared(results: Sequence[Any], inputs: Iterable[object]) -> list[Any]:
    """Results of which arrays of GPUs share memory with nothing; inputs come back as they are."""
    allowed = set(map(id, inputs))
    seen: set[int] = set()
    found: list[Any] = []
    for x in results:
        if id(x) not in allowed and is_gpu_array(x):
            if id(x) in seen or _shares(x):
                x = copied(x)
            seen.add(id(x))
        found.append(x)
    return found


def _shares(x: Any) -> bool:
    """True if elements of an array of a GPU are in the memory of another, or of one another."""
    if x.base is not None and sys.getrefcount(x.base) > 2:
        return True
    return any(n > 1 and not stride for n, stride in zip(x.shape, x.strides, strict=True))


def copied(x: Any) -> Any:
    """A copy of an array, on its device."""
    with current_on(x):
        return x.copy()


def created(make: Callable[[ModuleType], Any], device: Device | None = None) -> Any:
    """What ``make(xp)`` returns on a device, the default one if none is given: a new array."""
    device = device if device is not None else current().device
    if device is None or device == "cpu":
        return make(np)
    with _gpu(device):
        return make(import_cupy())


def moved(x: Any, device: Device | None = None) -> Any:
    """A new array of NumPy on a device, the default one if none is given; tracers stay."""
    if not isinstance(x, _OF_NUMPY):
        return x
    return created(lambda xp: x if xp is np else xp.asarray(x), device)


def gpu_names() -> list[str]:
    """The names of the GPUs there are, if the program has imported CuPy."""
    cupy: Any = loaded_cupy()
    count = 0 if cupy is None else cupy.cuda.runtime.getDeviceCount()
    return [f"gpu:{i}" for i in range(count)]


def _device_number(device: Device) -> int:
    if isinstance(device, str):
        kind, _, number = device.partition(":")
        if kind not in ("gpu", "cuda") or not (number or "0").isdecimal():
            raise ValueError(
                f"unknown device {device!r}: use 'cpu', 'gpu' or 'gpu:0', 'gpu:1', ..."
            )
        return int(number or 0)
    found = getattr(device, "id", device)
    if not isinstance(found, int) or found < 0:
        raise TypeError(
            f"a device is 'cpu', 'gpu', 'gpu:1' or a CuPy device; got {device!r} of type "
            f"{type(device).__name__}"
        )
    return found


def _gpu(device: Device) -> Any:
    """CuPy's object for a GPU, or an error that says which there are."""
    number = _device_number(device)
    cupy: Any = import_cupy()
    count = cupy.cuda.runtime.getDeviceCount()
    if number >= count:
        there = "no GPU" if not count else "1 GPU" if count == 1 else f"GPUs 0 to {count - 1}"
        raise ValueError(f"there is no GPU {number} (device {device!r}): CuPy finds {there}")
    return cupy.cuda.Device(number)


def device_put(x: Any, device: Device | None = None) -> Any:
    """Copy one array to a device.

    Args:
        x: array or scalar.
        device: 'cpu', 'gpu', 'gpu:1' or a CuPy device; None is the default device.

    Returns:
        A NumPy or CuPy array with the values of x.

    >>> device_put([1.0, 2.0])
    array([1., 2.])
    """
    device = device if device is not None else current().device
    if device is None or device == "cpu":
        return x.get() if is_gpu_array(x) else np.array(x)
    with _gpu(device):
        return import_cupy().array(x)


def device_get(x: Any) -> Any:
    """Copy one array to the CPU; NumPy arrays come back as they are.

    >>> device_get(np.ones(2))
    array([1., 1.])
    """
    return x.get() if is_gpu_array(x) else x


def device_context(device: Device | None) -> AbstractContextManager[None]:
    """A context in which new arrays are made on a device, which is current if it is a GPU.

    Raises:
        ImportError: it is a GPU, and CuPy is not installed.
    """
    if device is None or device == "cpu":
        return _made_on(device, _NOTHING)
    return _made_on(device, _gpu(device))


@contextmanager
def _made_on(device: Device | None, gpu: AbstractContextManager[object]) -> Iterator[None]:
    with gpu, within(device=device):
        yield


def usable_modules() -> list[ModuleType]:
    """The array modules that work on this machine: NumPy, and CuPy if it finds a GPU."""
    modules = [np]
    try:
        import cupy

        if cupy.cuda.runtime.getDeviceCount() > 0:
            modules.append(cupy)
    except Exception:
        return modules
    return modules


def special_functions(xp: ModuleType) -> ModuleType:
    """The special functions for arrays of a module: scipy.special or cupyx.scipy.special."""
    try:
        if xp is np:
            import scipy.special as special
        else:
            import cupyx.scipy.special as special
    except ImportError as error:
        raise ImportError(
            "erf, erfc, lgamma, digamma and polygamma need SciPy: pip install 'funcgrad[special]'"
        ) from error
    return special


def raising_linalg(xp: ModuleType) -> AbstractContextManager[object]:
    """A context in which failing linear algebra raises LinAlgError, as NumPy's always does."""
    if xp is np:
        return np.errstate()
    import cupyx

    return cupyx.errstate(linalg="raise")


def triangular_solver(xp: ModuleType) -> Callable[..., Any] | None:
    """solve_triangular of SciPy or of CuPy; None if SciPy is not installed."""
    try:
        if xp is np:
            from scipy.linalg import solve_triangular
        else:
            from cupyx.scipy.linalg import solve_triangular
    except ImportError:
        return None
    return solve_triangular


def lu_routines(
    xp: ModuleType, dtype: np.dtype
) -> tuple[Callable[..., Any], Callable[..., Any]] | None:
    """LAPACK's getrf and getrs of SciPy for NumPy's arrays of a dtype; None if there are none."""
    if xp is not np:
        return None
    try:
        from scipy.linalg.lapack import get_lapack_funcs
    except ImportError:
        return None
    factor, substitute = get_lapack_funcs(("getrf", "getrs"), dtype=dtype)
    return factor, substitute


def lapack_routines(
    xp: ArrayModule, names: Sequence[str], dtype: np.dtype
) -> Sequence[Callable[..., Any]] | None:
    """Routines of LAPACK for NumPy's arrays of a dtype; None if SciPy, which has them, is not."""
    if xp is not np:
        return None
    try:
        from scipy.linalg.lapack import get_lapack_funcs
    except ImportError:
        return None
    return get_lapack_funcs(names, dtype=dtype)


def scipy_linalg() -> ModuleType:
    """``scipy.linalg``, or an error that says how to install it."""
    try:
        import scipy.linalg
    except ImportError as error:
        raise ImportError(
            "schur, hessenberg and tridiagonal need SciPy: pip install 'funcgrad[special]'"
        ) from error
    return scipy.linalg


def scipy_optimize() -> ModuleType:
    """``scipy.optimize``, or an error that says how to install it."""
    try:
        import scipy.optimize
    except ImportError as error:
        raise ImportError(
            "funcgrad.scipy.optimize calls the methods of SciPy: pip install 'funcgrad[special]'"
        ) from error
    return scipy.optimize

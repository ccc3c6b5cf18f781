"""NumPy's namespace. Its functions are NumPy's own, which accept traced values by protocol.

The few that NumPy does not pass on to traced values (``array``, ``zeros``, ``arange``, ...) are
defined here with NumPy's signatures, and so are a few that NumPy lacks (``at``, ``logsumexp``).
"""

import importlib as _importlib
import typing as _typing
from types import ModuleType as _ModuleType

import numpy as _np
from numpy import False_ as False_
from numpy import True_ as True_
from numpy import abs as abs
from numpy import absolute as absolute
from numpy import acos as acos
from numpy import acosh as acosh
from numpy import add as add
from numpy import allclose as allclose
from numpy import angle as angle
from numpy import append as append
from numpy import apply_over_axes as apply_over_axes
from numpy import arccos as arccos
from numpy import arccosh as arccosh
from numpy import arcsin as arcsin
from numpy import arcsinh as arcsinh
from numpy import arctan as arctan
from numpy import arctan2 as arctan2
from numpy import arctanh as arctanh
from numpy import argmax as argmax
from numpy import argmin as argmin
from numpy import argpartition as argpartition
from numpy import around as around
from numpy import array2string as array2string
from numpy import array_equal as array_equal
from numpy import array_equiv as array_equiv
from numpy import array_repr as array_repr
from numpy import array_split as array_split
from numpy import array_str as array_str
from numpy import asin as asin
from numpy import asinh as asinh
from numpy import atan as atan
from numpy import atan2 as atan2
from numpy import atanh as atanh
from numpy import atleast_1d as atleast_1d
from numpy import atleast_2d as atleast_2d
from numpy import atleast_3d as atleast_3d
from numpy import average as average
from numpy import base_repr as base_repr
from numpy import binary_repr as binary_repr
from numpy import bitwise_and as bitwise_and
from numpy import bitwise_count as bitwise_count
from numpy import bitwise_invert as bitwise_invert
from numpy import bitwise_left_shift as bitwise_left_shift
from numpy import bitwise_not as bitwise_not
from numpy import bitwise_or as bitwise_or
from numpy import bitwise_right_shift as bitwise_right_shift
from numpy import bitwise_xor as bitwise_xor
from numpy import block as block
from numpy import bool as bool
from numpy import bool_ as bool_
from numpy import broadcast_arrays as broadcast_arrays
from numpy import broadcast_shapes as broadcast_shapes
from numpy import broadcast_to as broadcast_to
from numpy import byte as byte
from numpy import can_cast as can_cast
from numpy import cbrt as cbrt
from numpy import cdouble as cdouble
from numpy import ceil as ceil
from numpy import character as character
from numpy import choose as choose
from numpy import column_stack as column_stack
from numpy import common_type as common_type
from numpy import complex64 as complex64
from numpy import complex128 as complex128
from numpy import complexfloating as complexfloating
from numpy import concat as concat
from numpy import concatenate as concatenate
from numpy import conj as conj
from numpy import conjugate as conjugate
from numpy import convolve as convolve
from numpy import copy as copy
from numpy import copysign as copysign
from numpy import corrcoef as corrcoef
from numpy import correlate as correlate
from numpy import cos as cos
from numpy import cosh as cosh
from numpy import count_nonzero as count_nonzero
from numpy import cov as cov
from numpy import cross as cross
from numpy import csingle as csingle
from numpy import cumprod as cumprod
from numpy import cumsum as cumsum
from numpy import deg2rad as deg2rad
from numpy import degrees as degrees
from numpy import delete as delete
from numpy import diag as diag
from numpy import diag_indices_from as diag_indices_from
from numpy import diagflat as diagflat
from numpy import diagonal as diagonal
from numpy import diff as diff
from numpy import digitize as digitize
from numpy import divide as divide
from numpy import divmod as divmod
from numpy import dot as dot
from numpy import double as double
from numpy import dsplit as dsplit
from numpy import dstack as dstack
from numpy import dtype as dtype
from numpy import e as e
from numpy import ediff1d as ediff1d
from numpy import einsum as einsum
from numpy import einsum_path as einsum_path
from numpy import empty_like as empty_like
from numpy import equal as equal
from numpy import errstate as errstate
from numpy import euler_gamma as euler_gamma
from numpy import exp as exp
from numpy import exp2 as exp2
from numpy import expand_dims as expand_dims
from numpy import expm1 as expm1
from numpy import fabs as fabs
from numpy import fix as fix
from numpy import flexible as flexible
from numpy import flip as flip
from numpy import fliplr as fliplr
from numpy import flipud as flipud
from numpy import float16 as float16
from numpy import float32 as float32
from numpy import float64 as float64
from numpy import float_power as float_power
from numpy import floating as floating
from numpy import floor as floor
from numpy import floor_divide as floor_divide
from numpy import fmax as fmax
from numpy import fmin as fmin
from numpy import fmod as fmod
from numpy import format_float_positional as format_float_positional
from numpy import format_float_scientific as format_float_scientific
from numpy import frexp as frexp
from numpy import frombuffer as frombuffer
from numpy import fromfile as fromfile
from numpy import fromiter as fromiter
from numpy import fromregex as fromregex
from numpy import fromstring as fromstring
from numpy import gcd as gcd
from numpy import generic as generic
from numpy import genfromtxt as genfromtxt
from numpy import get_printoptions as get_printoptions
from numpy import geterr as geterr
from numpy import geterrcall as geterrcall
from numpy import gradient as gradient
from numpy import greater as greater
from numpy import greater_equal as greater_equal
from numpy import half as half
from numpy import heaviside as heaviside
from numpy import hsplit as hsplit
from numpy import hstack as hstack
from numpy import hypot as hypot
from numpy import i0 as i0
from numpy import imag as imag
from numpy import index_exp as index_exp
from numpy import inexact as inexact
from numpy import inf as inf
from numpy import inner as inner
from numpy import insert as insert
from numpy import int8 as int8
from numpy import int16 as int16
from numpy import int32 as int32
from numpy import int64 as int64
from numpy import int_ as int_
from numpy import intc as intc
from numpy import integer as integer
from numpy import intp as intp
from numpy import invert as invert
from numpy import isclose as isclose
from numpy import iscomplex as iscomplex
from numpy import iscomplexobj as iscomplexobj
from numpy import isdtype as isdtype
from numpy import isfinite as isfinite
from numpy import isin as isin
from numpy import isinf as isinf
from numpy import isnan as isnan
from numpy import isneginf as isneginf
from numpy import isposinf as isposinf
from numpy import isreal as isreal
from numpy import isrealobj as isrealobj
from numpy import isscalar as isscalar
from numpy import issubdtype as issubdtype
from numpy import iterable as iterable
from numpy import ix_ as ix_
from numpy import kron as kron
from numpy import lcm as lcm
from numpy import ldexp as ldexp
from numpy import left_shift as left_shift
from numpy import less as less
from numpy import less_equal as less_equal
from numpy import lexsort as lexsort
from numpy import load as load
from numpy import loadtxt as loadtxt
from numpy import log as log
from numpy import log1p as log1p
from numpy import log2 as log2
from numpy import log10 as log10
from numpy import logaddexp as logaddexp
from numpy import logaddexp2 as logaddexp2
from numpy import logical_and as logical_and
from numpy import logical_not as logical_not
from numpy import logical_or as logical_or
from numpy import logical_xor as logical_xor
from numpy import long as long
from numpy import longlong as longlong
from numpy import matmul as matmul
from numpy import matrix_transpose as matrix_transpose
from numpy import maximum as maximum
from numpy import may_share_memory as may_share_memory
from numpy import median as median
from numpy import meshgrid as meshgrid
from numpy import min_scalar_type as min_scalar_type
from numpy import minimum as minimum
from numpy import mintypecode as mintypecode
from numpy import mod as mod
from numpy import modf as modf
from numpy import moveaxis as moveaxis
from numpy import multiply as multiply
from numpy import nan as nan
from numpy import nanargmax as nanargmax
from numpy import nanargmin as nanargmin
from numpy import nancumprod as nancumprod
from numpy import nancumsum as nancumsum
from numpy import nanmedian as nanmedian
from numpy import ndim as ndim
from numpy import ndindex as ndindex
from numpy import negative as negative
from numpy import newaxis as newaxis
from numpy import nextafter as nextafter
from numpy import not_equal as not_equal
from numpy import number as number
from numpy import object_ as object_
from numpy import ones_like as ones_like
from numpy import outer as outer
from numpy import packbits as packbits
from numpy import partition as partition
from numpy import permute_dims as permute_dims
from numpy import pi as pi
from numpy import poly as poly
from numpy import polyadd as polyadd
from numpy import polyfit as polyfit
from numpy import polysub as polysub
from numpy import polyval as polyval
from numpy import positive as positive
from numpy import pow as pow
from numpy import power as power
from numpy import printoptions as printoptions
from numpy import promote_types as promote_types
from numpy import ptp as ptp
from numpy import rad2deg as rad2deg
from numpy import radians as radians
from numpy import ravel as ravel
from numpy import ravel_multi_index as ravel_multi_index
from numpy import real as real
from numpy import real_if_close as real_if_close
from numpy import reciprocal as reciprocal
from numpy import remainder as remainder
from numpy import reshape as reshape
from numpy import resize as resize
from numpy import result_type as result_type
from numpy import right_shift as right_shift
from numpy import rint as rint
from numpy import rollaxis as rollaxis
from numpy import rot90 as rot90
from numpy import round as round
from numpy import s_ as s_
from numpy import save as save
from numpy import savetxt as savetxt
from numpy import savez as savez
from numpy import savez_compressed as savez_compressed
from numpy import searchsorted as searchsorted
from numpy import set_printoptions as set_printoptions
from numpy import seterr as seterr
from numpy import seterrcall as seterrcall
from numpy import shape as shape
from numpy import shares_memory as shares_memory
from numpy import short as short
from numpy import sign as sign
from numpy import signbit as signbit
from numpy import signedinteger as signedinteger
from numpy import sin as sin
from numpy import sinc as sinc
from numpy import single as single
from numpy import sinh as sinh
from numpy import size as size
from numpy import sort_complex as sort_complex
from numpy import spacing as spacing
from numpy import split as split
from numpy import sqrt as sqrt
from numpy import square as square
from numpy import squeeze as squeeze
from numpy import stack as stack
from numpy import subtract as subtract
from numpy import swapaxes as swapaxes
from numpy import tan as tan
from numpy import tanh as tanh
from numpy import tensordot as tensordot
from numpy import tile as tile
from numpy import trace as trace
from numpy import transpose as transpose
from numpy import tril as tril
from numpy import tril_indices_from as tril_indices_from
from numpy import trim_zeros as trim_zeros
from numpy import triu as triu
from numpy import triu_indices_from as triu_indices_from
from numpy import true_divide as true_divide
from numpy import trunc as trunc
from numpy import typename as typename
from numpy import ubyte as ubyte
from numpy import uint as uint
from numpy import uint8 as uint8
from numpy import uint16 as uint16
from numpy import uint32 as uint32
from numpy import uint64 as uint64
from numpy import uintc as uintc
from numpy import uintp as uintp
from numpy import ulong as ulong
from numpy import ulonglong as ulonglong
from numpy import unpackbits as unpackbits
from numpy import unravel_index as unravel_index
from numpy import unsignedinteger as unsignedinteger
from numpy import ushort as ushort
from numpy import vander as vander
from numpy import vdot as vdot
from numpy import vecdot as vecdot
from numpy import vsplit as vsplit
from numpy import vstack as vstack
from numpy import zeros_like as zeros_like

from ..core import dtypes as _dtypes
from ..typing import Array as _Array
from . import binding as _binding

if _typing.TYPE_CHECKING:
    from . import fft as fft
    from . import linalg as linalg
    from .also_on_gpus import histogram_bin_edges as histogram_bin_edges
    from .also_on_gpus import piecewise as piecewise
    from .also_on_gpus import polyder as polyder
    from .also_on_gpus import polyint as polyint
    from .attentive import all as all
    from .attentive import amax as amax
    from .attentive import amin as amin
    from .attentive import any as any
    from .attentive import apply_along_axis as apply_along_axis
    from .attentive import histogram as histogram
    from .attentive import histogram2d as histogram2d
    from .attentive import histogramdd as histogramdd
    from .attentive import interp as interp
    from .attentive import max as max
    from .attentive import mean as mean
    from .attentive import min as min
    from .attentive import nan_to_num as nan_to_num
    from .attentive import nanmax as nanmax
    from .attentive import nanmean as nanmean
    from .attentive import nanmin as nanmin
    from .attentive import nanpercentile as nanpercentile
    from .attentive import nanprod as nanprod
    from .attentive import nanquantile as nanquantile
    from .attentive import nanstd as nanstd
    from .attentive import nansum as nansum
    from .attentive import nanvar as nanvar
    from .attentive import percentile as percentile
    from .attentive import prod as prod
    from .attentive import quantile as quantile
    from .attentive import select as select
    from .attentive import std as std
    from .attentive import sum as sum
    from .attentive import trapezoid as trapezoid
    from .attentive import unwrap as unwrap
    from .attentive import var as var
    from .calls.ufuncs import frompyfunc as frompyfunc
    from .calls.ufuncs import ufunc as ufunc
    from .calls.vectorize import vectorize as vectorize
    from .dtype_limits import finfo as finfo
    from .dtype_limits import iinfo as iinfo
    from .grids import c_ as c_
    from .grids import mgrid as mgrid
    from .grids import ogrid as ogrid
    from .grids import r_ as r_
    from .indexing.in_place import fill_diagonal as fill_diagonal
    from .indexing.in_place import place as place
    from .indexing.in_place import put as put
    from .indexing.in_place import put_along_axis as put_along_axis
    from .indexing.updates import at as at
    from .on_default_device import bartlett as bartlett
    from .on_default_device import blackman as blackman
    from .on_default_device import diag_indices as diag_indices
    from .on_default_device import geomspace as geomspace
    from .on_default_device import hamming as hamming
    from .on_default_device import hanning as hanning
    from .on_default_device import indices as indices
    from .on_default_device import kaiser as kaiser
    from .on_default_device import linspace as linspace
    from .on_default_device import logspace as logspace
    from .on_default_device import tril_indices as tril_indices
    from .on_default_device import triu_indices as triu_indices
    from .polynomial_roots import roots as roots
    from .reductions.sums_and_extrema import logsumexp as logsumexp
    from .replacements import argsort as argsort
    from .replacements import clip as clip
    from .replacements import full_like as full_like
    from .replacements import pad as pad
    from .replacements import roll as roll
    from .replacements import sort as sort
    from .replacements import take as take
    from .replacements import take_along_axis as take_along_axis
    from .shapes.conversion import asanyarray as asanyarray
    from .shapes.conversion import asarray_chkfinite as asarray_chkfinite
    from .shapes.conversion import ascontiguousarray as ascontiguousarray
    from .shapes.conversion import asfortranarray as asfortranarray
    from .shapes.conversion import from_dlpack as from_dlpack
    from .shapes.conversion import ndenumerate as ndenumerate
    from .shapes.conversion import require as require
    from .shapes.creation import arange as arange
    from .shapes.creation import array as array
    from .shapes.creation import asarray as asarray
    from .shapes.creation import empty as empty
    from .shapes.creation import eye as eye
    from .shapes.creation import fromfunction as fromfunction
    from .shapes.creation import full as full
    from .shapes.creation import identity as identity
    from .shapes.creation import ones as ones
    from .shapes.creation import tri as tri
    from .shapes.creation import zeros as zeros
    from .sized.counts import bincount as bincount
    from .sized.counts import mask_indices as mask_indices
    from .sized.counts import repeat as repeat
    from .sized.places import argwhere as argwhere
    from .sized.places import compress as compress
    from .sized.places import extract as extract
    from .sized.places import flatnonzero as flatnonzero
    from .sized.places import nonzero as nonzero
    from .sized.places import where as where
    from .sized.polynomials import polydiv as polydiv
    from .sized.polynomials import polymul as polymul
    from .sized.sets import intersect1d as intersect1d
    from .sized.sets import setdiff1d as setdiff1d
    from .sized.sets import setxor1d as setxor1d
    from .sized.sets import union1d as union1d
    from .sized.sets import unique as unique
    from .sized.sets import unique_all as unique_all
    from .sized.sets import unique_counts as unique_counts
    from .sized.sets import unique_inverse as unique_inverse
    from .sized.sets import unique_values as unique_values

__array_api_version__ = "2024.12"


def __array_namespace_info__() -> _typing.Any:
    """What the array API asks about this namespace: devices, dtypes, what works.

    >>> __array_namespace_info__().default_dtypes()["integral"]
    dtype('int64')
    """
    return _importlib.import_module(".array_api", __name__).NamespaceInfo()


_bound = _binding
ndarray = _Array

_HOME = {
    "all": "attentive",
    "amax": "attentive",
    "amin": "attentive",
    "any": "attentive",
    "apply_along_axis": "attentive",
    "histogram": "attentive",
    "histogram2d": "attentive",
    "histogramdd": "attentive",
    "interp": "attentive",
    "max": "attentive",
    "mean": "attentive",
    "min": "attentive",
    "nan_to_num": "attentive",
    "nanmax": "attentive",
    "nanmean": "attentive",
    "nanmin": "attentive",
    "nanpercentile": "attentive",
    "nanprod": "attentive",
    "nanquantile": "attentive",
    "nanstd": "attentive",
    "nansum": "attentive",
    "nanvar": "attentive",
    "percentile": "attentive",
    "prod": "attentive",
    "quantile": "attentive",
    "select": "attentive",
    "std": "attentive",
    "sum": "attentive",
    "trapezoid": "attentive",
    "unwrap": "attentive",
    "var": "attentive",
    "frompyfunc": "calls.ufuncs",
    "ufunc": "calls.ufuncs",
    "vectorize": "calls.vectorize",
    "finfo": "dtype_limits",
    "iinfo": "dtype_limits",
    "c_": "grids",
    "mgrid": "grids",
    "ogrid": "grids",
    "r_": "grids",
    "fill_diagonal": "indexing.in_place",
    "place": "indexing.in_place",
    "put": "indexing.in_place",
    "put_along_axis": "indexing.in_place",
    "at": "indexing.updates",
    "bartlett": "on_default_device",
    "blackman": "on_default_device",
    "diag_indices": "on_default_device",
    "geomspace": "on_default_device",
    "hamming": "on_default_device",
    "hanning": "on_default_device",
    "indices": "on_default_device",
    "kaiser": "on_default_device",
    "linspace": "on_default_device",
    "logspace": "on_default_device",
    "tril_indices": "on_default_device",
    "triu_indices": "on_default_device",
    "histogram_bin_edges": "also_on_gpus",
    "piecewise": "also_on_gpus",
    "polyder": "also_on_gpus",
    "polyint": "also_on_gpus",
    "roots": "polynomial_roots",
    "logsumexp": "reductions.sums_and_extrema",
    "argsort": "replacements",
    "clip": "replacements",
    "full_like": "replacements",
    "pad": "replacements",
    "roll": "replacements",
    "sort": "replacements",
    "take": "replacements",
    "take_along_axis": "replacements",
    "asanyarray": "shapes.conversion",
    "asarray_chkfinite": "shapes.conversion",
    "ascontiguousarray": "shapes.conversion",
    "asfortranarray": "shapes.conversion",
    "from_dlpack": "shapes.conversion",
    "ndenumerate": "shapes.conversion",
    "require": "shapes.conversion",
    "arange": "shapes.creation",
    "array": "shapes.creation",
    "asarray": "shapes.creation",
    "empty": "shapes.creation",
    "eye": "shapes.creation",
    "fromfunction": "shapes.creation",
    "full": "shapes.creation",
    "identity": "shapes.creation",
    "ones": "shapes.creation",
    "tri": "shapes.creation",
    "zeros": "shapes.creation",
    "bincount": "sized.counts",
    "mask_indices": "sized.counts",
    "repeat": "sized.counts",
    "argwhere": "sized.places",
    "compress": "sized.places",
    "extract": "sized.places",
    "flatnonzero": "sized.places",
    "nonzero": "sized.places",
    "where": "sized.places",
    "polydiv": "sized.polynomials",
    "polymul": "sized.polynomials",
    "intersect1d": "sized.sets",
    "setdiff1d": "sized.sets",
    "setxor1d": "sized.sets",
    "union1d": "sized.sets",
    "unique": "sized.sets",
    "unique_all": "sized.sets",
    "unique_counts": "sized.sets",
    "unique_inverse": "sized.sets",
    "unique_values": "sized.sets",
}
"""Where the functions are that are not NumPy's; they are loaded when they are asked for."""

if _typing.TYPE_CHECKING:
    bfloat16: type[_np.generic]
    float8_e3m4: type[_np.generic]
    float8_e4m3: type[_np.generic]
    float8_e4m3b11fnuz: type[_np.generic]
    float8_e4m3fn: type[_np.generic]
    float8_e4m3fnuz: type[_np.generic]
    float8_e5m2: type[_np.generic]
    float8_e5m2fnuz: type[_np.generic]

_SMALL_FLOATS = tuple(_dtypes.SHORT_NAMES)
"""The types of numbers of the package ml_dtypes, which is imported when one is asked for."""

if hasattr(_np, "unstack"):  # since NumPy 2.1
    from numpy import astype as astype
    from numpy import cumulative_prod as cumulative_prod
    from numpy import cumulative_sum as cumulative_sum
    from numpy import unstack as unstack
if hasattr(_np, "matvec"):  # since NumPy 2.2
    from numpy import matvec as matvec
    from numpy import vecmat as vecmat

__all__ = ["fft", "linalg", *_HOME]
__all__ += [
    name
    for name, value in globals().items()
    if not name.startswith("_") and not isinstance(value, _ModuleType)
]
__all__.sort()

if not _typing.TYPE_CHECKING:  # a checker is to report names that there are not

    def __getattr__(name: str) -> object:
        if name in ("fft", "linalg"):
            return _importlib.import_module(f".{name}", __name__)
        if name in _SMALL_FLOATS:
            return _dtypes.small_float(name)
        if name not in _HOME:
            raise AttributeError(f"funcgrad.numpy has no {name!r}")
        globals()[name] = getattr(_importlib.import_module(f".{_HOME[name]}", __name__), name)
        return globals()[name]

    def __dir__() -> list[str]:
        return __all__

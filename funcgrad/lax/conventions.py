"""Names for options of JAX's lax: precisions, modes, dimension numbers.

NumPy computes products in the dtype of their operands and elementary functions as accurately as it
can, so that ``precision=`` and ``accuracy=`` are accepted everywhere and change nothing.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from typing import Any, NamedTuple, TypeAlias

from ..ops.contraction.convolution import ConvDimensionNumbers


class Precision(enum.Enum):
    """The precision of products on accelerators; here all of them are exact to the dtype.

    >>> Precision("highest")
    <Precision.HIGHEST: 2>
    """

    DEFAULT = 0
    HIGH = 1
    HIGHEST = 2

    @classmethod
    def _missing_(cls, value: object) -> Precision | None:
        return _PRECISION_NAMES.get(value) if isinstance(value, str) else None

    def __str__(self) -> str:
        return self.name


_PRECISION_NAMES = {
    "default": Precision.DEFAULT, "fastest": Precision.DEFAULT, "bfloat16": Precision.DEFAULT,
    "high": Precision.HIGH, "bfloat16_3x": Precision.HIGH, "tensorfloat32": Precision.HIGH,
    "highest": Precision.HIGHEST, "float32": Precision.HIGHEST,
}  # fmt: skip

PrecisionLike: TypeAlias = str | Precision | tuple[str, str] | tuple[Precision, Precision] | None
"""What ``precision=`` takes."""


class DotAlgorithm(NamedTuple):
    """How an accelerator is to compute products, for ``precision=``; it changes nothing here."""

    lhs_precision_type: Any
    rhs_precision_type: Any
    accumulation_type: Any
    lhs_component_count: int = 1
    rhs_component_count: int = 1
    num_primitive_operations: int = 1
    allow_imprecise_accumulation: bool = False


class DotAlgorithmPreset(enum.Enum):
    """Names of ways in which an accelerator computes products: they change nothing here."""

    DEFAULT = 1
    ANY_F8_ANY_F8_F32 = 2
    ANY_F8_ANY_F8_F32_FAST_ACCUM = 3
    ANY_F8_ANY_F8_ANY = 4
    ANY_F8_ANY_F8_ANY_FAST_ACCUM = 5
    F16_F16_F16 = 6
    F16_F16_F32 = 7
    BF16_BF16_BF16 = 8
    BF16_BF16_F32 = 9
    BF16_BF16_F32_X3 = 10
    BF16_BF16_F32_X6 = 11
    BF16_BF16_F32_X9 = 12
    TF32_TF32_F32 = 13
    TF32_TF32_F32_X3 = 14
    F32_F32_F32 = 15
    F64_F64_F64 = 16


class AccuracyMode(enum.Enum):
    """How accurate elementary functions are to be: accepted as ``accuracy=``."""

    HIGHEST = 1
    DEFAULT = 2


class Tolerance(NamedTuple):
    """An error that elementary functions may have: accepted as ``accuracy=``."""

    atol: float = 0.0
    rtol: float = 0.0
    ulps: int = 0


Accuracy: TypeAlias = Tolerance | AccuracyMode | None


class RoundingMethod(enum.IntEnum):
    """Where ``round`` takes numbers that are half-way between two integers."""

    AWAY_FROM_ZERO = 0
    TO_NEAREST_EVEN = 1


class GatherScatterMode(enum.Enum):
    """What happens at indices that are out of range.

    CLIP moves windows inside. FILL_OR_DROP gathers a fill value and drops updates.
    PROMISE_IN_BOUNDS says that there are none; ONE_HOT is FILL_OR_DROP.

    >>> GatherScatterMode.from_any("fill")
    <GatherScatterMode.FILL_OR_DROP: 2>
    """

    CLIP = 1
    FILL_OR_DROP = 2
    PROMISE_IN_BOUNDS = 3
    ONE_HOT = 4

    @staticmethod
    def from_any(s: str | GatherScatterMode | None) -> GatherScatterMode:
        """A mode by its name; None is FILL_OR_DROP."""
        if isinstance(s, GatherScatterMode):
            return s
        found = _MODE_NAMES.get(s) if s is None or isinstance(s, str) else None
        if found is None:
            raise ValueError(
                f"mode {s!r} is unknown: use 'clip', 'fill', 'drop', 'promise_in_bounds' or a "
                "GatherScatterMode"
            )
        return found


_MODE_NAMES: dict[str | None, GatherScatterMode] = {
    None: GatherScatterMode.FILL_OR_DROP,
    "clip": GatherScatterMode.CLIP,
    "fill": GatherScatterMode.FILL_OR_DROP,
    "drop": GatherScatterMode.FILL_OR_DROP,
    "promise_in_bounds": GatherScatterMode.PROMISE_IN_BOUNDS,
}

DotDimensionNumbers: TypeAlias = tuple[
    tuple[Sequence[int], Sequence[int]], tuple[Sequence[int], Sequence[int]]
]
"""((contracted axes of lhs, of rhs), (batch axes of lhs, of rhs))."""


class RaggedDotDimensionNumbers(NamedTuple):
    """The axes of ``ragged_dot_general``.

    Attributes:
        dot_dimension_numbers: those of ``dot_general``.
        lhs_ragged_dimensions: the axis of lhs that is divided into groups, as a sequence.
        rhs_group_dimensions: the axis of rhs that numbers the groups, as a sequence.
    """

    dot_dimension_numbers: DotDimensionNumbers
    lhs_ragged_dimensions: Sequence[int]
    rhs_group_dimensions: Sequence[int]


class GatherDimensionNumbers(NamedTuple):
    """The axes of ``gather``.

    Attributes:
        offset_dims: axes of the result along which windows lie.
        collapsed_slice_dims: axes of the operand whose windows have size 1 and are left out.
        start_index_map: the axis of the operand for each component of an index.
        operand_batching_dims: axes of the operand that go along with axes of the indices.
        start_indices_batching_dims: those axes of the indices.
    """

    offset_dims: tuple[int, ...]
    collapsed_slice_dims: tuple[int, ...]
    start_index_map: tuple[int, ...]
    operand_batching_dims: tuple[int, ...] = ()
    start_indices_batching_dims: tuple[int, ...] = ()


class ScatterDimensionNumbers(NamedTuple):
    """The axes of ``scatter`` and its relatives.

    Attributes:
        update_window_dims: axes of the updates along which windows lie.
        inserted_window_dims: axes of the operand along which windows have size 1 and no axis.
        scatter_dims_to_operand_dims: the axis of the operand for each component of an index.
        operand_batching_dims: axes of the operand that go along with axes of the indices.
        scatter_indices_batching_dims: those axes of the indices.
    """

    update_window_dims: Sequence[int]
    inserted_window_dims: Sequence[int]
    scatter_dims_to_operand_dims: Sequence[int]
    operand_batching_dims: Sequence[int] = ()
    scatter_indices_batching_dims: Sequence[int] = ()


ConvGeneralDilatedDimensionNumbers: TypeAlias = ConvDimensionNumbers | Sequence[str] | None
"""What ``dimension_numbers=`` of convolutions takes."""

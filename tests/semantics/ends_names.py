"""The other public names: aliases of covered functions, and what is not covered, with reasons."""

from __future__ import annotations

ALIASES = {
    "absolute": "abs",
    "acos": "arccos",
    "acosh": "arccosh",
    "asin": "arcsin",
    "asinh": "arcsinh",
    "atan": "arctan",
    "atan2": "arctan2",
    "atanh": "arctanh",
    "conj": "conjugate",
    "pow": "power",
    "true_divide": "divide",
}

_REASONS = {
    "a dtype, a constant of a type, or about types": """
        bool bool_ complex128 complex64 complexfloating dtype errstate finfo float16 float32 float64
        floating generic iinfo inexact int16 int32 int64 int8 integer ndarray number signedinteger
        uint16 uint32 uint64 uint8 unsignedinteger can_cast issubdtype promote_types result_type
        astype iscomplexobj isrealobj isscalar ndim shape size set_printoptions array_repr
        array_str""",
    "makes an array, from nothing differentiable": """
        arange array asarray bartlett blackman diag_indices empty empty_like eye fromfunction full
        full_like geomspace hamming hanning identity indices kaiser linspace logspace ones
        ones_like tri tril_indices triu_indices zeros zeros_like ix_ ravel_multi_index
        unravel_index packbits unpackbits broadcast_shapes""",
    "moves or chooses elements, whatever their size": """
        append array_split at atleast_1d atleast_2d atleast_3d block broadcast_arrays broadcast_to
        choose column_stack compress concat concatenate copy delete diag diagflat diagonal dsplit
        dstack expand_dims extract flip fliplr flipud hsplit hstack insert matrix_transpose meshgrid
        moveaxis pad permute_dims ravel repeat reshape resize roll rollaxis rot90 select split
        squeeze stack swapaxes take take_along_axis tile transpose tril trim_zeros triu unstack
        vsplit vstack where real_if_close sort_complex""",
    "boolean, an index, an integer or a set": """
        all allclose any argmax argmin argpartition argsort argwhere array_equal array_equiv
        bitwise_and bitwise_count bitwise_invert bitwise_left_shift bitwise_not bitwise_or
        bitwise_right_shift bitwise_xor count_nonzero digitize equal flatnonzero gcd greater
        greater_equal histogram intersect1d invert isclose iscomplex isfinite isin isinf isnan
        isneginf isposinf isreal lcm left_shift less less_equal lexsort logical_and logical_not
        logical_or logical_xor nanargmax nanargmin nonzero not_equal right_shift searchsorted
        setdiff1d signbit union1d unique""",
    "piecewise constant": "ceil fix floor floor_divide heaviside nextafter rint sign spacing trunc",
    "piecewise linear; its value is NumPy's": """
        around round clip divmod fmod mod modf frexp remainder nan_to_num unwrap interp ldexp""",
    "sums of products: their range is that of the products": """
        bincount convolve correlate cov cross cumprod cumulative_prod diff dot ediff1d einsum
        gradient inner kron matmul matvec nancumprod nanprod outer polyval prod tensordot trace
        vander vdot vecdot vecmat corrcoef""",
    "linear, with a number as its factor": "degrees radians",
    "power in float64": "float_power",
    "a quotient of complex numbers": "angle",
}
LISTED = {name: reason for reason, names in _REASONS.items() for name in names.split()}
"""Names of funcgrad.numpy that are not covered, and why."""

LAX_ALIASES = {
    "abs": "abs",
    "acos": "arccos",
    "acosh": "arccosh",
    "add": "add",
    "asin": "arcsin",
    "asinh": "arcsinh",
    "atan": "arctan",
    "atan2": "arctan2",
    "atanh": "arctanh",
    "cbrt": "cbrt",
    "conj": "conjugate",
    "cos": "cos",
    "cosh": "cosh",
    "cumsum": "cumsum",
    "div": "divide",
    "exp": "exp",
    "exp2": "exp2",
    "expm1": "expm1",
    "imag": "imag",
    "log": "log",
    "log1p": "log1p",
    "logsumexp": "logsumexp",
    "max": "maximum",
    "min": "minimum",
    "mul": "multiply",
    "neg": "negative",
    "pow": "power",
    "real": "real",
    "reciprocal": "reciprocal",
    "sin": "sin",
    "sinh": "sinh",
    "sort": "sort",
    "sqrt": "sqrt",
    "square": "square",
    "sub": "subtract",
    "tan": "tan",
    "tanh": "tanh",
}
"""Functions of funcgrad.lax that are the operators of covered ones."""

_LAX_REASONS = {
    "communication; pmean divides by a Python number": """
        all_gather all_to_all axis_index axis_size pmax pmean pmin ppermute psum psum_scatter""",
    "control flow": "associative_scan cond fori_loop map scan switch while_loop stop_gradient",
    "moves or chooses elements": """
        broadcast_in_dim clamp concatenate convert_element_type dynamic_index_in_dim dynamic_slice
        dynamic_slice_in_dim dynamic_update_index_in_dim dynamic_update_slice
        dynamic_update_slice_in_dim expand_dims full_like pad reshape rev select slice slice_in_dim
        squeeze top_k transpose""",
    "boolean, an index or an integer": """
        argmax argmin bitwise_and bitwise_not bitwise_or bitwise_xor eq ge gt is_finite le lt ne
        population_count shift_left shift_right_arithmetic""",
    "piecewise constant or linear": """
        ceil floor nextafter round sign rem cummax cummin max_pool reduce_window avg_pool""",
    "sums of products: their range is that of the products": """
        ConvDimensionNumbers conv conv_dimension_numbers conv_general_dilated
        conv_general_dilated_patches conv_transpose conv_with_general_padding cumprod
        dot_general""",
}
LAX_LISTED = {name: reason for reason, names in _LAX_REASONS.items() for name in names.split()}
"""Names of funcgrad.lax that are not covered, and why."""

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
        array_str array2string base_repr binary_repr byte cdouble character common_type csingle
        double flexible format_float_positional format_float_scientific get_printoptions geterr
        geterrcall half int_ intc intp isdtype iterable long longlong min_scalar_type mintypecode
        object_ printoptions seterr seterrcall short single typename ubyte uint uintc uintp ulong
        ulonglong ushort""",
    "reads or writes memory or files": """
        from_dlpack frombuffer fromfile fromiter fromregex fromstring genfromtxt load loadtxt
        may_share_memory save savetxt savez savez_compressed shares_memory""",
    "calls a function, or says how NumPy would": """
        apply_along_axis apply_over_axes einsum_path frompyfunc piecewise ufunc vectorize""",
    "polynomials: sums of products, and quotients of these": """
        poly polyadd polyder polydiv polyfit polyint polymul polysub roots""",
    "grows as an exponential: as far as NumPy's values do": "i0",
    "makes an array, from nothing differentiable": """
        arange array asarray bartlett blackman diag_indices empty empty_like eye fromfunction full
        full_like geomspace hamming hanning identity indices kaiser linspace logspace ones
        ones_like tri tril_indices triu_indices zeros zeros_like ix_ ravel_multi_index
        unravel_index packbits unpackbits broadcast_shapes mask_indices diag_indices_from
        tril_indices_from triu_indices_from""",
    "moves or chooses elements, whatever their size": """
        append array_split asanyarray asarray_chkfinite ascontiguousarray asfortranarray
        fill_diagonal ndenumerate ndindex place put put_along_axis require at atleast_1d atleast_2d
        atleast_3d block broadcast_arrays broadcast_to
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
        setdiff1d signbit union1d unique histogram2d histogram_bin_edges histogramdd setxor1d
        unique_all unique_counts unique_inverse unique_values""",
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
    "sums of products with numbers of size 1": "fft",
    "communication; pmean divides by a Python number": """
        all_gather all_to_all axis_index axis_size pbroadcast pmax pmean pmin ppermute pshuffle psum
        psum_scatter pswapaxes""",
    "control flow, or a function of the user's": """
        associative_scan cond fori_loop map scan switch while_loop stop_gradient custom_linear_solve
        custom_root reduce scatter_apply optimization_barrier platform_dependent composite
        with_sharding_constraint""",
    "a name of an option, or about shapes and dtypes": """
        AccuracyMode FftType ConvGeneralDilatedDimensionNumbers DotAlgorithm DotAlgorithmPreset
        DotDimensionNumbers GatherDimensionNumbers GatherScatterMode Precision PrecisionLike
        RaggedDotDimensionNumbers RoundingMethod ScatterDimensionNumbers Tolerance broadcast_shapes
        conv_general_permutations conv_general_shape_tuple conv_shape_tuple
        conv_transpose_shape_tuple dtype padtype_to_pads reduce_window_shape_tuple
        shape_as_value""",
    "makes an array, from nothing differentiable": "broadcasted_iota empty full iota",
    "of SciPy in two or three operands; derivatives are compared in tests/lax": """
        betainc igamma igamma_grad_a igammac polygamma random_gamma_grad zeta""",
    "a Bessel function of SciPy; derivatives are compared in tests/lax": "bessel_i0e bessel_i1e",
    "composed of covered ones": "complex cumlogsumexp integer_pow reduce_precision",
    "moves or chooses elements": """
        broadcast broadcast_like broadcast_to_rank collapse gather index_in_dim index_take scatter
        select_n sort_key_val split stack tile unstack broadcast_in_dim clamp concatenate
        convert_element_type dynamic_index_in_dim dynamic_slice
        dynamic_slice_in_dim dynamic_update_index_in_dim dynamic_update_slice
        dynamic_update_slice_in_dim expand_dims full_like pad reshape rev select slice slice_in_dim
        squeeze top_k transpose""",
    "boolean, an index or an integer": """
        argmax argmin bitcast_convert_type bitwise_and bitwise_not bitwise_or bitwise_xor clz eq ge
        gt is_finite le lt mulhi ne population_count reduce_and reduce_or reduce_xor shift_left
        shift_right_arithmetic shift_right_logical""",
    "piecewise constant or linear": """
        approx_max_k approx_min_k ceil floor nextafter reduce_max reduce_min round scatter_max
        scatter_min sign rem cummax cummin max_pool reduce_window avg_pool""",
    "sums of products: their range is that of the products": """
        ConvDimensionNumbers conv conv_dimension_numbers conv_general_dilated
        conv_general_dilated_local conv_general_dilated_patches conv_transpose
        conv_with_general_padding batch_matmul cumprod dot dot_general ragged_dot ragged_dot_general
        reduce_prod reduce_sum scatter_add scatter_mul scatter_sub""",
}
LAX_LISTED = {name: reason for reason, names in _LAX_REASONS.items() for name in names.split()}
"""Names of funcgrad.lax that are not covered, and why."""

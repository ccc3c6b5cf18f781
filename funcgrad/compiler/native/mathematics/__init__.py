"""Functions of vectors of float32 and float64, without branches: one file per family.

Every function is at most 2.5 units in the last place away from the exact value, over the whole
range of its type, denormal numbers included; NaN, infinities and signed zeros are NumPy's and
SciPy's. What is not documented in a textbook is said where it is done: how an argument is reduced,
which polynomial stands for which function on which interval. Polynomials are fitted by
``benchmarks/native_coefficients.py``; their coefficients are written highest first.
"""

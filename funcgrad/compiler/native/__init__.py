"""Native code by LLVM: kernels as text, compiled without a pass pipeline, called without checks
in Python. Everything works without llvmlite, too, by the NumPy back end.
"""

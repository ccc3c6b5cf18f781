"""NumPy's reductions and order statistics on tracers."""

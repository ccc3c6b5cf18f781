"""Random programs with bodies and closures, compared with plain Python over NumPy."""

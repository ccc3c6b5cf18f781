"""Functions whose results have a size that depends on values, with JAX's arguments that fix it."""

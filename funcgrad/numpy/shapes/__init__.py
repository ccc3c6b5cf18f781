"""New arrays, and arrays of other shapes."""

from . import creation, joining, padding, ranges, shaping

__all__ = ["creation", "joining", "padding", "ranges", "shaping"]

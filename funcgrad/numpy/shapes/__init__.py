"""New arrays, and arrays of other shapes."""

from . import creation, edits, joining, padding, ranges, shaping

__all__ = ["creation", "edits", "joining", "padding", "ranges", "shaping"]

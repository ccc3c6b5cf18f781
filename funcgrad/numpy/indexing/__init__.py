"""Elements by position: indexing, taking, functional updates."""

from . import keys, taking, updates

__all__ = ["keys", "taking", "updates"]

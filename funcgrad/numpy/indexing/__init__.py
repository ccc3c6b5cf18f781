"""Elements by position: indexing, taking, functional updates."""

from . import flat_places, keys, taking, updates

__all__ = ["flat_places", "keys", "taking", "updates"]

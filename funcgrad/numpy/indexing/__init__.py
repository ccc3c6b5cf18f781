"""Elements by position: indexing, taking, functional updates."""

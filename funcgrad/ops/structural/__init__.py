"""Operators that move elements: indexing, gathering, joining."""

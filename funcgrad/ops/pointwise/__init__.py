"""Operators that work on every element by itself."""

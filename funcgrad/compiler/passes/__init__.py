"""Passes of the compiler: each maps a jaxpr to a jaxpr that computes the same."""

"""Tracing, the jaxpr and the operator record."""

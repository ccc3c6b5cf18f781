"""Tracing, the jaxpr and the operator record."""

from . import printing as printing

"""Optimizers, chained from pieces."""

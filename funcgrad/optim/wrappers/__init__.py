"""Transformations around transformations."""

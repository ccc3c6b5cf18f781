"""Comparison of the derivative of one function with others."""

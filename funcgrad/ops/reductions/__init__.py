"""Operators along axes: sums, extrema, orders, cumulative forms."""

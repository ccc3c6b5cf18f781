"""Composable derivatives, vectorisation and compilation of NumPy functions."""

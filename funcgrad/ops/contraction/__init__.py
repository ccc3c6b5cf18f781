"""Products that sum over axes: matrix products and convolutions."""

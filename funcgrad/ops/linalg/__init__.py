"""Linear algebra: solves, factorizations, determinants, spectra."""

"""``python -m funcgrad.testing``: the checks of all functions of a module or a package."""

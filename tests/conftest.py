"""Common set-up: the operators are loaded, and derivative arithmetic is deterministic."""

import funcgrad.control.while_loop
import funcgrad.numpy  # noqa: F401

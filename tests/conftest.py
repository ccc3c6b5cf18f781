"""Common set-up: every operator is registered before tests are collected."""

import funcgrad.lax
import funcgrad.nn
import funcgrad.numpy.linalg
import funcgrad.optim
import funcgrad.random  # noqa: F401

collect_ignore = ["emulator"]  # a package named cupy, which only tests in devices import

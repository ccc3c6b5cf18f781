"""Common set-up: every operator is registered before tests are collected."""

import funcgrad.lax
import funcgrad.numpy.linalg
import funcgrad.random  # noqa: F401

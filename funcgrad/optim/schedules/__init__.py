"""Hyper-parameters as functions of the number of updates."""

"""Operators that hold jaxprs: calls, branches, loops, custom rules, checkpoints."""

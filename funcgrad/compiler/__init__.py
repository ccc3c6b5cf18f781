"""From a jaxpr to a program that runs."""

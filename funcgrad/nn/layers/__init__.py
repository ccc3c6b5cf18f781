"""Layers, and layers of layers."""

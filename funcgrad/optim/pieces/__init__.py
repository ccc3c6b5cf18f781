"""The transformations of gradients that optimizers are chained from."""

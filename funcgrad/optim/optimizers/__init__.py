"""Optimizers: chains of transformations, the last of which multiplies by minus the learning rate.

Some arguments mean the same in all optimizers, and in the transformations that these are made of
(``adam`` is made of ``scale_by_adam``, for example):

    learning_rate: a number, or a schedule: a function from the number of updates made so far.
    b1: decay of the average of gradients, at least 0 and less than 1.
    b2: decay of the average of squared gradients, at least 0 and less than 1.
    eps: added to the root of the average of squares, so that nothing is divided by 0.
    eps_root: added under the root, for derivatives through the update where gradients are 0.
    mu_dtype: dtype of the average of gradients; None for that of the parameters, and for float32 if
        these are float16.
    momentum: decay of the sum of past steps, which is added to each step; None for no momentum.
    nesterov: True to let the average of gradients, or the momentum, look one step ahead.
    accumulator_dtype: as ``mu_dtype``, for the sum or average that a transformation keeps.
    weight_decay: multiple of the parameters that is added to the direction, before the learning
        rate multiplies both.
    mask: the parameters that decay: booleans with the structure of the parameters or of an upper
        part of it, or a function that makes them from parameters, like
        ``by_path({"*/b": False, "*": True})``; None for all of them.
    weight_decay_mask: the same.

All of these that are numbers may be schedules. Where an ``update`` needs the parameters (weight
decay does), its function says so.
"""

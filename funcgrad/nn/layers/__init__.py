"""Layers, and layers of layers.

Functions in small letters compute with parameters that are given; functions with a capital make
layers, pairs of ``init`` and ``apply``. Some arguments mean the same in all of them:

    params: a dict of arrays, as the layer's init makes it.
    x: array of inputs, of shape (batch, *space, channels) for convolutions, pooling and batch norm.
    bias: False for no bias; ``scale`` and ``offset`` likewise.
    w_init: initializer of the weights.
    b_init: initializer of the bias.
    window_shape: size of the window: one integer for each spatial axis, or one for all of them.
    strides: step of the window, likewise; of a pooling None is the size of its window.
    dilation: distance between the taps of a kernel, likewise.
    padding: "SAME", "VALID" or a (low, high) pair for each spatial axis.
    epsilon: added to the variance, or mean square, that is divided by.
    axis_name: an axis of vmap over which statistics are averaged too.
    heads: number of heads of an attention.
    is_causal: True to let no query see a later key.
    dropout_key: a key, with which weights are dropped at random; None to drop none.
    dropout_rate: probability that a weight is dropped.
    reverse: True to run a recurrent layer from the end to the start.
"""

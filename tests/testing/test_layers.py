"""Layers by hand, in the styles of textbooks."""

from typing import Any

import numpy as np
import pytest

from funcgrad.testing import GradientCheckError, check_layer, check_pair

RNG = np.random.default_rng(0)
X = RNG.standard_normal((4, 3))
W, B = RNG.standard_normal((3, 2)), RNG.standard_normal(2)


class Dictionaries:
    def __init__(self, factor=1):
        self.params, self.grads = {"W": W.copy(), "b": B.copy()}, {}
        self.factor = factor

    def forward(self, x):
        self.x = x
        return x @ self.params["W"] + self.params["b"]

    def backward(self, dout):
        self.grads = {"W": self.x.T @ dout, "b": self.factor * dout.sum(0)}
        return dout @ self.params["W"].T


class Attributes:
    def __init__(self, factor=1):
        self.W, self.b, self.factor = W.copy(), B.copy(), factor
        self.dW = self.db = None

    def forward(self, x):
        self.x = x
        return x @ self.W + self.b

    def backward(self, dout):
        self.dW, self.db = self.x.T @ dout, self.factor * dout.sum(0)
        self.dx = dout @ self.W.T
        return self.dx


class LeftOnTheObject:
    def __init__(self, factor=1):
        self.weights, self.biases, self.factor = W.copy(), B[None].copy(), factor

    def forward(self, inputs):
        self.inputs = inputs
        self.output = inputs @ self.weights + self.biases

    def backward(self, dvalues):
        self.dweights = self.inputs.T @ dvalues
        self.dbiases = self.factor * dvalues.sum(0, keepdims=True)
        self.dinputs = dvalues @ self.weights.T


class LearningRate:
    def __init__(self, factor=1):
        self.weights, self.bias, self.factor = W.copy(), B.copy(), factor

    def forward(self, x):
        self.x = x
        return x @ self.weights + self.bias

    def backward(self, gradient, learning_rate):
        back = gradient @ self.weights.T
        self.weights -= learning_rate * self.x.T @ gradient
        self.bias -= self.factor * learning_rate * gradient.sum(0)
        return back


class Lists:
    def __init__(self, factor=1):
        self.params = [W.copy(), B.copy()]
        self.grads = [np.zeros_like(W), np.zeros_like(B)]
        self.factor = factor

    def forward(self, x):
        self.x = x
        return x @ self.params[0] + self.params[1]

    def backward(self, dout):
        self.grads[0][...] = self.x.T @ dout
        self.grads[1][...] = self.factor * dout.sum(0)
        return dout @ self.params[0].T


class Returned:
    def __init__(self, factor=1):
        self.b, self.w, self.factor = B.copy(), W.copy(), factor

    def __call__(self, x):
        self.x = x
        return x @ self.w + self.b

    def backward(self, dout):
        return dout @ self.w.T, self.x.T @ dout, self.factor * dout.sum(0)


class Holder:
    def __init__(self, value):
        self.value, self.grad = value, np.zeros_like(value)


class Holders:
    def __init__(self, factor=1):
        self.w, self.b, self.factor = Holder(W.copy()), Holder(B.copy()), factor

    def forward(self, x):
        self.x = x
        return x @ self.w.value + self.b.value

    def backward(self, dout):
        self.w.grad += self.x.T @ dout
        self.b.grad += self.factor * dout.sum(0)
        return dout @ self.w.value.T


class Stack:
    def __init__(self, factor=1):
        last: Any = Attributes(factor)
        last.W = W[:2].copy()
        self.layers: list[Any] = [Dictionaries(), Relu(), last]

    def forward(self, x):
        for layer in self.layers:
            x = layer.forward(x)
        return x

    def backward(self, dout):
        for layer in reversed(self.layers):
            dout = layer.backward(dout)
        return dout


class Relu:
    def forward(self, x):
        self.mask = x > 0
        return x * self.mask

    def backward(self, dout):
        return dout * self.mask


STYLES = [Dictionaries, Attributes, LeftOnTheObject, LearningRate, Lists, Returned, Holders, Stack]


@pytest.mark.parametrize("style", STYLES)
def test_every_style_passes_if_right_and_names_the_parameter_if_wrong(style):
    layer = style()
    assert not check_layer(layer, X).left_out.get("parameter b")
    assert not hasattr(layer, "x"), "the layer itself is left alone"
    with pytest.raises(GradientCheckError) as caught:
        check_layer(style(2), X)
    assert "parameter" in caught.value.finding.path
    assert any(name in caught.value.finding.path for name in ("b", "bias", "biases", "[1]"))
    assert "2 everywhere" in caught.value.finding.diagnosis


def test_a_layer_that_was_used_before():
    layer = Attributes()
    layer.backward(layer.forward(X))
    assert check_layer(layer, X).verdict == "pass"


class CrossEntropy:
    def forward(self, x, labels):
        e = np.exp(x - x.max(1, keepdims=True))
        self.p, self.labels = e / e.sum(1, keepdims=True), labels
        return -np.mean(np.log(self.p[np.arange(len(labels)), labels]))

    def backward(self, dout=1.0):
        out = self.p.copy()
        out[np.arange(len(out)), self.labels] -= 1
        return dout * out / len(out)


class CrossEntropyOfNothing(CrossEntropy):
    def backward(self):  # type: ignore[override]
        return super().backward() * 4


def test_losses():
    labels = np.array([0, 1, 2, 1])
    assert check_layer(CrossEntropy(), X, labels).verdict == "pass"
    with pytest.raises(GradientCheckError, match=r"a sum taken for a mean|4 everywhere"):
        check_layer(CrossEntropyOfNothing(), X, labels)


class Dropout:
    def forward(self, x, train=False):
        self.mask = np.random.rand(*x.shape) > 0.5 if train else 1.0
        return x * self.mask

    def backward(self, dout):
        return dout * self.mask


class BatchNorm:
    def __init__(self):
        self.gamma, self.beta = np.ones(3) * 1.5, np.zeros(3)
        self.running_mean = np.zeros(3)

    def forward(self, x, train=True):
        self.running_mean = 0.9 * self.running_mean + 0.1 * x.mean(0)
        self.centred = x - x.mean(0)
        self.std = np.sqrt((self.centred**2).mean(0) + 1e-5)
        self.normed = self.centred / self.std
        return self.gamma * self.normed + self.beta

    def backward(self, dout):
        self.dgamma, self.dbeta = (dout * self.normed).sum(0), dout.sum(0)
        d = self.gamma * dout
        return (d - d.mean(0) - self.normed * (d * self.normed).mean(0)) / self.std


def test_layers_with_random_numbers_and_with_state():
    assert check_layer(Dropout(), X, kwargs={"train": True}).verdict == "pass"
    layer = BatchNorm()
    report = check_layer(layer, X)
    assert report.verdict == "pass"
    assert not np.any(layer.running_mean)


class TwoInputs:
    def forward(self, x, y):
        self.x, self.y = x, y
        return x * y

    def backward(self, dout):
        return dout * self.y, dout * self.y


def test_several_inputs():
    with pytest.raises(GradientCheckError) as caught:
        check_layer(TwoInputs(), (X, X + 1))
    assert "x[1]" in caught.value.finding.path


class StaleCache(Relu):
    def __init__(self):
        self.mask = None

    def forward(self, x):
        return x * (x > 0)

    def backward(self, dout):
        if self.mask is None:
            self.mask = np.ones(dout.shape)
        return dout * self.mask


class KeepsFirst:
    def forward(self, x):
        if not hasattr(self, "x"):
            self.x = x
        return x**2

    def backward(self, dout):
        return 2 * dout * self.x


def test_a_cache_that_is_not_renewed():
    with pytest.raises(GradientCheckError, match="kept"):
        check_layer(KeepsFirst(), X)


class Overwrites:
    def forward(self, x, mask):
        self.x, self.mask = x, mask
        return x**2 * mask

    def backward(self, dout):
        self.x *= 2
        return dout * self.x * self.mask


class OverwritesTheMask(Overwrites):
    def backward(self, dout):
        self.mask *= dout
        return 2 * self.x * self.mask


@pytest.mark.parametrize(("layer", "path"), [(Overwrites, "x"), (OverwritesTheMask, "another")])
def test_a_backward_pass_that_overwrites_what_forward_was_given(layer, path):
    x, mask = X.copy(), np.ones(X.shape)
    with pytest.raises(GradientCheckError, match="overwrites an argument") as caught:
        check_layer(layer(), x, mask)
    assert caught.value.finding.path.startswith(path)
    assert np.array_equal(x, X)
    assert np.all(mask == 1)


def test_what_is_missing_is_said():
    with pytest.raises(TypeError, match="object has no forward method; looked for forward, fprop"):
        check_layer(object(), X)

    class Forgotten(Dictionaries):
        def backward(self, dout):
            self.grads = {"W": self.x.T @ dout}
            return dout @ self.params["W"].T

    report = check_layer(Forgotten(), X)
    assert "looked for grads['b']" in report.left_out["parameter b"]
    with pytest.raises(
        TypeError, match=r"the parameter b of Forgotten has no gradient; looked for"
    ):
        check_layer(Forgotten(), X, parameters=["W", "b"])
    with pytest.raises(TypeError, match="no parameter 'c'; found W, b"):
        check_layer(Dictionaries(), X, parameters=["c"])

    class Nothing(Relu):
        def backward(self, dout):
            return None

    with pytest.raises(TypeError, match="looked for the gradient of the input in dx, dinputs"):
        check_layer(Nothing(), X)


def test_a_backward_pass_of_another_order_of_arguments_is_told_what_it_is_given():
    def forward(x, w):
        return x @ w, (x, w)

    def backward(cache, ct):
        x, w = cache
        return ct @ w.T, x.T @ ct

    with pytest.raises(ValueError, match="unpack") as error:
        check_pair(forward, backward, (np.ones((5, 3)), np.ones((3, 4))))
    assert "cotangent of the output, of shape (5, 4), first" in error.value.__notes__[0]

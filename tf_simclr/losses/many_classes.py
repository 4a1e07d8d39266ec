"""Softmax over very many classes, in blocks: all logits of a batch are never held at once.

The loss of arXiv 1406.6909, section 2.2, where each picture's patch is a class of its own, by a
running log-sum-exp (arXiv 1805.02867, section 3). The backward pass computes the logits again.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import tensorflow as tf

from tf_simclr.losses.products import product

# Classes in a block: for 512 pictures a block's logits are 8 MB in float32.
BLOCK = 4096


class _Running(NamedTuple):
    """The softmax of each row over the classes of all blocks so far, [batch] each."""

    maximum: tf.Tensor  # the largest logit
    total: tf.Tensor  # sum of exp(logit - maximum)
    argmax: tf.Tensor  # int64, class of the largest logit, the first of equals
    own: tf.Tensor  # logit of the row's own class; 0 until its block is added


def block_sizes(classes: int, block: int = BLOCK) -> list[int]:
    """Cuts classes into the fewest blocks, as equal as possible.

    >>> block_sizes(10, 4)
    [4, 3, 3]

    Args:
      classes: how many, >= 1.
      block: most classes in a block, >= 1.
    """
    count = -(-classes // block)
    return [(classes + number) // count for number in reversed(range(count))]


def many_class_cross_entropy(
    features: tf.Tensor,
    labels: tf.Tensor,
    kernels: Sequence[tf.Tensor],
    biases: Sequence[tf.Tensor],
) -> tuple[tf.Tensor, tf.Tensor]:
    """Mean cross entropy of a linear classifier whose classes come in blocks.

    With f_i the features of row i, y_i its class, w_c and b_c a class's weights, and l_i the
    log-sum-exp of f_i w_c + b_c over all classes:

        loss        =  mean over i of (l_i - (f_i w_y + b_y))
        p_ic        =  (exp(f_i w_c + b_c - l_i) - [c = y_i]) / batch
        d / d f_i   =  sum over c of p_ic w_c
        d / d w_c   =  sum over i of p_ic f_i
        d / d b_c   =  sum over i of p_ic

    Weights come in blocks too, so that an optimiser's temporary values are as small as the logits
    of a block. What is held above the weights is their gradient and a few matrices of [batch, a
    block's classes].

    Args:
      features: [batch, width], float32 or float64.
      labels: int [batch], each from 0 to the number of classes - 1.
      kernels: [width, classes of the block] of each block, in the features' dtype.
      biases: [classes of the block] of each block.

    Returns:
      The mean over the batch, a scalar; and float32 [batch], 1 where the row's class has the
      largest logit: of equal ones, the first counts as larger. Only the mean has a gradient.
    """
    count = len(kernels)
    starts = [sum(kernel.shape[1] for kernel in kernels[:number]) for number in range(count)]
    labels = tf.cast(labels, tf.int64)

    @tf.custom_gradient
    def loss_of(
        features: tf.Tensor, *weights: tf.Tensor
    ) -> tuple[tuple[tf.Tensor, tf.Tensor], Callable]:
        def block(number: int, after: Sequence[tf.Tensor]) -> tuple[tf.Tensor, tf.Tensor]:
            """Logits of a block, and its columns of the one-hot labels, once `after` is there."""
            kernel, bias = weights[number], weights[count + number]
            with tf.control_dependencies(after):  # Else all blocks would be in memory at once.
                rows, classes = tf.identity(features), labels - starts[number]
            one_hot = tf.one_hot(classes, kernel.shape[1], dtype=features.dtype)
            return product(rows, kernel) + bias, one_hot

        running = _nothing(features)
        for number, start in enumerate(starts):
            running = _added(running, *block(number, running), start)
        log_sum_exp = running.maximum + tf.math.log(running.total)

        def gradient(upstream: tf.Tensor, of_hits: tf.Tensor) -> tuple[tf.Tensor, ...]:
            del of_hits
            share = upstream / tf.cast(tf.shape(features)[0], features.dtype)
            of_features = tf.zeros_like(features)
            of_kernels, of_biases = list[tf.Tensor](), list[tf.Tensor]()
            for number in range(count):
                done = [of_features, *of_kernels[-1:], *of_biases[-1:]]
                logits, one_hot = block(number, done)
                errors = (tf.exp(logits - log_sum_exp[:, tf.newaxis]) - one_hot) * share
                of_features += product(errors, weights[number], transpose_right=True)
                of_kernels.append(product(tf.transpose(features), errors))
                of_biases.append(tf.reduce_sum(errors, axis=0))
            return (of_features, *of_kernels, *of_biases)

        hits = tf.cast(running.argmax == labels, tf.float32)
        return (tf.reduce_mean(log_sum_exp - running.own), hits), gradient

    return loss_of(features, *kernels, *biases)


def _nothing(features: tf.Tensor) -> _Running:
    """The softmax of rows over no classes."""
    zeros = tf.zeros_like(features[:, 0])
    none = tf.fill(tf.shape(zeros), tf.constant(features.dtype.min, features.dtype))
    return _Running(maximum=none, total=zeros, argmax=tf.zeros_like(zeros, tf.int64), own=zeros)


def _added(running: _Running, logits: tf.Tensor, one_hot: tf.Tensor, start: int) -> _Running:
    """Adds a block of logits, [batch, classes], whose first class is number `start`."""
    largest = tf.reduce_max(logits, axis=1)
    maximum = tf.maximum(running.maximum, largest)
    exps = tf.exp(logits - maximum[:, tf.newaxis])
    return _Running(
        maximum=maximum,
        total=running.total * tf.exp(running.maximum - maximum) + tf.reduce_sum(exps, axis=1),
        argmax=tf.where(
            largest > running.maximum, start + tf.argmax(logits, axis=1), running.argmax
        ),
        own=running.own + tf.reduce_sum(one_hot * logits, axis=1),
    )

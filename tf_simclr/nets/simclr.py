"""SimCLR: encoder, projection head, contrastive loss, and a linear head that watches.

arXiv 2002.05709, section 2.1; the head behind a stop-gradient is the original code's.
"""

from collections.abc import Callable

import tensorflow as tf
import tf_keras as keras

from tf_simclr import replicas
from tf_simclr.losses.nt_xent import contrastive_accuracy, contrastive_entropy, nt_xent
from tf_simclr.losses.supervised import is_labelled, softmax_cross_entropy, top_k_hits
from tf_simclr.nets.heads import SupervisedHead
from tf_simclr.nets.trainable import TrainableNet

# (images [batch, h, w, 3], seed int64 [2]) -> images of that shape
DeviceAugment = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]


class SimCLR(TrainableNet):
    """A tf_keras.Model that learns an encoder without labels (arXiv 2002.05709, section 2.1).

    fit() takes batches of `images` or `(images, one_hot)`: float [batch, h, w, 6], the two views of
    a picture on the channels, and [batch, classes] (a row of zeros has no label). evaluate() takes
    the same, or single pictures [batch, h, w, 3] with one_hot. predict() takes [batch, h, w, 3].

    Args:
      encoder: a ResNet, or any layer from images to a dict with "final_avg_pool".
      projection_head: a ProjectionHead.
      num_classes: of the linear head on the representation; 0 leaves it out.
      temperature: of the loss, > 0.
      hidden_norm: whether the loss compares cosines.
      device_augment: what is done to each batch of views inside the step, such as blur.
      seed: of device_augment; its draws depend on the seed, the step, the view and the replica.

    Call returns a dict of final_avg_pool [batch, features], proj_head_output [batch, out_dim] and,
    with a linear head, logits_sup [batch, classes].

    Raises:
      ValueError: for a temperature that is not positive or a negative number of classes.
    """

    METRICS = (
        "total_loss",
        "contrast_loss",
        "contrast_acc",
        "contrast_entropy",
        "supervised_loss",
        "supervised_acc",
        "supervised_top_5_acc",
        "weight_decay",
    )

    def __init__(
        self,
        encoder: keras.layers.Layer,
        projection_head: keras.layers.Layer,
        *,
        num_classes: int = 0,
        temperature: float = 0.1,
        hidden_norm: bool = True,
        device_augment: DeviceAugment | None = None,
        seed: int = 0,
        name: str = "simclr",
        **kwargs,
    ):
        super().__init__(name=name, **kwargs)
        if temperature <= 0:
            raise ValueError(f"`temperature` must be > 0. Received: temperature={temperature!r}.")
        if num_classes < 0:
            raise ValueError(f"`num_classes` must be >= 0. Received: num_classes={num_classes!r}.")
        self.encoder = encoder
        self.projection_head = projection_head
        self.supervised_head = SupervisedHead(num_classes) if num_classes else None
        self.num_classes = num_classes
        self.temperature = temperature
        self.hidden_norm = hidden_norm
        self.device_augment = device_augment
        self.seed = seed

    def call(self, images, training=False):
        hidden = self.encoder(images, training=training)["final_avg_pool"]
        projections = self.projection_head(hidden, training=training)
        outputs = {"final_avg_pool": hidden, "proj_head_output": projections[-1]}
        if self.supervised_head is not None:
            outputs["logits_sup"] = self.supervised_head(tf.stop_gradient(hidden))
        return outputs

    def train_step(self, data):
        images, one_hot, _ = keras.utils.unpack_x_y_sample_weight(data)
        views = self._views(images)  # [2 * batch, h, w, 3]
        with tf.GradientTape() as tape:
            loss = self._loss(self(views, training=True), one_hot)
        self.minimize(tape, loss)
        return self.results()

    def test_step(self, data):
        images, one_hot, _ = keras.utils.unpack_x_y_sample_weight(data)
        if images.shape[-1] == 3:
            logits = self(images, training=False).get("logits_sup")
            supervised = self._supervised_loss(logits, one_hot)
            penalty = tf.cast(self.penalty(), supervised.dtype)
            self.track(weight_decay=penalty, total_loss=supervised + penalty)
        else:
            views = tf.concat(tf.split(images, 2, axis=-1), axis=0)
            self._loss(self(views, training=False), one_hot)
        return self.results()

    def _views(self, images):
        views = tf.split(images, 2, axis=-1)
        if self.device_augment is not None:
            step = self.optimizer.iterations * 2 * replicas.count()
            places = [step + 2 * tf.cast(replicas.index(), tf.int64) + view for view in range(2)]
            seeds = [tf.stack([tf.constant(self.seed, tf.int64), place]) for place in places]
            views = [self.device_augment(view, seed) for view, seed in zip(views, seeds)]
        return tf.concat(views, axis=0)

    def _loss(self, outputs, one_hot):
        contrast, logits_ab, targets = nt_xent(
            outputs["proj_head_output"],
            temperature=self.temperature,
            hidden_norm=self.hidden_norm,
        )
        self.track(
            contrast_loss=contrast,
            contrast_acc=contrastive_accuracy(logits_ab, targets),
            contrast_entropy=contrastive_entropy(logits_ab),
        )
        total = contrast
        if "logits_sup" in outputs and one_hot is not None:
            one_hot = tf.concat([one_hot, one_hot], axis=0)
            supervised = self._supervised_loss(outputs["logits_sup"], one_hot)
            total += tf.cast(supervised, contrast.dtype)
        penalty = tf.cast(self.penalty(), contrast.dtype)
        total += penalty
        self.track(weight_decay=penalty, total_loss=total)
        return total

    def _supervised_loss(self, logits, one_hot):
        if logits is None or one_hot is None:
            raise ValueError("`evaluate` on single pictures needs a linear head and labels.")
        loss = softmax_cross_entropy(logits, one_hot)
        labelled = is_labelled(one_hot)
        self.track(
            supervised_loss=loss,
            supervised_acc=(top_k_hits(logits, one_hot, 1), labelled),
            supervised_top_5_acc=(top_k_hits(logits, one_hot, 5), labelled),
        )
        return loss

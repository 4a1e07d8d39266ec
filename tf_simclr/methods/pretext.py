"""The base class of methods that train an encoder on labels made out of the pictures themselves."""

import abc
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from tf_simclr.assembly import build_data
from tf_simclr.config import Config
from tf_simclr.config.fields import require
from tf_simclr.data.source import Source
from tf_simclr.evaluation.over_replicas import over_replicas
from tf_simclr.judging.summary import percent
from tf_simclr.methods.method import Judgement, Method, Needed
from tf_simclr.nets.pretext import PretextNet
from tf_simclr.nets.trainable import TrainableNet


class Pretext(Method):
    """A task whose labels cost nothing; what is kept of it is the encoder.

    A subclass defines `words`, `network`, `batches`, and what Method has besides. Its own result is
    the task's accuracy on pictures of the test split: `right` and `chance`.
    """

    def check(self, config: Config) -> None:
        super().check(config)
        batch, parts = config.training.train_batch_size, config.training.microbatches
        require(batch % parts == 0, "microbatches", f"must divide train_batch_size={batch}", parts)

    def labels(self, config: Config) -> Needed:
        return "none"

    def has_classifier(self, config: Config) -> bool:
        return False

    def parts_of_batch(self, config: Config) -> int:
        return config.training.microbatches

    @abc.abstractmethod
    def chance(self, config: Config) -> float:
        """The share of right answers of a network that guesses."""

    def right(self, config: Config, net: PretextNet, images: tf.Tensor) -> tf.Tensor:
        """The share of its examples that the network gets right, of each picture: float32 [n].

        A picture is one example unless a subclass says otherwise.

        Args:
          config: of the evaluation.
          net: the run's network.
          images: of the test split, [n, ...], as `test_batches` gives them.
        """
        return net.judged(images, None, training=False)[1]

    def test_batches(self, config: Config, data: Source) -> tf.data.Dataset:
        """One pass over the test split: batches of pictures, float32 [n, size, size, 3]."""
        batches = build_data.evaluation_data(config, data, config.data.eval_split)
        return batches.map(lambda batch: batch["image"])

    def judge(
        self, config: Config, data: Source, net: TrainableNet, restored: Sequence[str]
    ) -> Judgement:
        assert isinstance(net, PretextNet)
        if not net.parts().keys() <= set(restored):
            return Judgement({})
        ask = over_replicas(lambda images: self.right(config, net, images), net.distribute_strategy)
        limit, shares = config.evaluation.judge_examples, list[float]()
        for images in self.test_batches(config, data):
            shares += ask(images).tolist()
            if len(shares) >= limit:
                break
        asked = self.words.asked
        assert asked is not None
        return Judgement(
            {asked.key: float(np.mean(shares[:limit])), asked.chance: self.chance(config)}
        )

    def told(self, result: Mapping[str, Any]) -> list[str]:
        asked = self.words.asked
        if asked is None or asked.key not in result:
            return []
        chance = percent(result.get(asked.chance))
        return [f"{asked.title} on test pictures: {percent(result[asked.key])} (chance {chance})"]

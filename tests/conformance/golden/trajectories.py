"""Whole training runs: those recorded on the original, and the same ones through our own fit."""

import contextlib
import dataclasses
from pathlib import Path

import numpy as np
import tensorflow as tf
import tf_keras as keras

from golden import folder, known_differences, weights
from tf_simclr import methods
from tf_simclr.assembly import build
from tf_simclr.config import Config
from tf_simclr.config.matters import LINEAR_HEAD_ONLY
from tf_simclr.nets.heads import SupervisedHead
from tf_simclr.nets.layers import BatchNorm
from tf_simclr.optim.decay import weight_roles
from tf_simclr.optim.lars import LARS

BATCH_NORM = {"gamma", "gamma_last", "beta", "moving_mean", "moving_variance"}
STATISTICS = {"moving_mean", "moving_variance"}
# What the TF1 code calls otherwise, or has by default.
TF1_DEFAULTS = {"weight_decay": 1e-4, "lineareval_while_pretraining": False}


@dataclasses.dataclass(frozen=True)
class Recording:
    """One recorded run.

    Attributes:
      arrays: what was recorded; gradient and momentum norms have a column for each variable, NaN
        where there was none.
      meta: flags, steps, num_classes, num_examples.
      variables: as golden.weights takes them.
      noise: |float32 - float64| of the original by metric, a list over steps; None if unrecorded.
      features: float32 [steps, batch, h, w, 6 or 3].
      one_hot: float32 [steps, batch, classes].
      config: of our run.
      tf1: whether the TF1 code was recorded.
    """

    arrays: dict[str, np.ndarray]
    meta: dict
    variables: list[dict]
    noise: dict | None
    features: np.ndarray
    one_hot: np.ndarray
    config: Config
    tf1: bool

    @property
    def places(self) -> list[str]:
        """What our variables are called, in recorded order."""
        return [weights.place(variable["role"]) for variable in self.variables]

    @property
    def known_difference(self) -> str:
        """Why it differs from our run on purpose; "" where it should not."""
        return known_differences.known_difference(self.config, tf1=self.tf1)

    def matching(self, kinds: set[str]) -> np.ndarray:
        """Bool [variables]: whose recorded `init` is among `kinds`."""
        return np.array([variable["init"] in kinds for variable in self.variables])


def read(path: Path) -> Recording:
    """The recording at `path`; inputs of a *_f64 file may lie in its float32 sibling."""
    arrays, meta = folder.read(path)
    beside = folder.variables(path)
    inputs = arrays if "labels" in arrays else folder.read(float32_sibling(path))[0]
    flags, tf1 = meta["flags"], "tf1" in path.stem
    if tf1:
        flags = TF1_DEFAULTS | flags
        losses = arrays.pop("step_losses").astype(np.float64).sum(axis=1)
        kind = "contrast" if flags["train_mode"] == "pretrain" else "supervised"
        arrays[f"step_{kind}_loss"] = losses
        arrays["step_weight_decay"] = arrays.pop("step_regularization_loss")
    if flags["train_mode"] == "finetune":
        # TF2 lets batch norm of frozen blocks train on; so does TF1, but for linear evaluation.
        right = tf1 and flags.get("fine_tune_after_block") == LINEAR_HEAD_ONLY
        flags = flags | {"frozen_batch_norm": "inference" if right else "training"}
    for key in ("step_grad_norm", "final_momentum_norm"):
        if key in arrays:
            recorded = np.where(arrays[key] < 0, np.nan, arrays[key])
            arrays[key] = np.full([*recorded.shape[:-1], len(beside["variables"])], np.nan)
            arrays[key][..., meta["trainable_index"]] = recorded
    return Recording(
        arrays={
            key: value for key, value in arrays.items() if key not in ("features_u8", "labels")
        },
        meta=meta,
        variables=beside["variables"],
        noise=beside.get("noise_float32_vs_float64_per_step"),
        features=inputs["features_u8"].astype(np.float32) / np.float32(255),
        one_hot=np.eye(meta["num_classes"], dtype=np.float32)[inputs["labels"]],
        config=Config.from_flat(flags),
        tf1=tf1,
    )


def float32_sibling(path: Path) -> Path:
    """trajectory_x_f64.npz -> trajectory_x.npz"""
    return path.with_name(path.name.replace("_f64.", "."))


def float64_sibling(path: Path) -> Path:
    """trajectory_x.npz -> trajectory_x_f64.npz"""
    return path.with_name(f"{path.stem}_f64.npz")


def run(
    recording: Recording,
    floatx: str,
    *,
    steps: int | None = None,
    strategy=None,
    in_graph: bool = False,
) -> dict[str, np.ndarray]:
    """Our run of a recording's flags, weights and batches: arrays named and laid out as recorded.

    Args:
      recording: what to repeat.
      floatx: "float32" or "float64", of everything.
      steps: how many; None for all.
      strategy: what it runs under; None for one replica. Gradients are then each replica's own.
      in_graph: so few steps are over before a graph of them is traced. Linear evaluation runs in
        one all the same: a tape without a graph goes back through the frozen encoder, too.
    """
    meta, steps = recording.meta, steps or recording.meta["steps"]
    keras.backend.set_floatx(floatx)
    try:
        with strategy.scope() if strategy else contextlib.nullcontext():
            net = methods.network(recording.config, methods.Lesson(meta["num_classes"]))
            build.compile_model(recording.config, net, meta["num_examples"])
            if recording.tf1 and recording.config.optimization.optimizer == "momentum":
                _compile_with_tf1_momentum(recording.config, net, meta["num_examples"])
        linear = recording.config.finetuning.fine_tune_after_block == LINEAR_HEAD_ONLY
        if recording.tf1 and linear and recording.known_difference:
            known_differences.undo(net)
        net.run_eagerly = not (in_graph or linear)
        _round_betas(net.optimizer)
        weights.assign(net, recording.variables)
        ours = weights.by_place(net)
        ordered = [ours[place] for place in recording.places]
        starts = [variable.numpy() for variable in ordered]
        results = {} if strategy else _first_outputs(net, recording, floatx)
        for variable, start in zip(ordered, starts):  # The look at them moved the statistics.
            variable.assign(start)
        recorder = Recorder(ordered)
        if strategy is None:
            recorder.gradients = _note_gradients(net.optimizer, ordered, floatx)
        features, labels = recording.features[:steps], recording.one_hot[:steps]
        pictures = (part.reshape(-1, *part.shape[2:]) for part in (features, labels))
        batches = tf.data.Dataset.from_tensor_slices(
            tuple(tf.constant(part, floatx) for part in pictures)
        ).batch(features.shape[1])
        # One step an epoch: what fit reports is each step's own.
        fitted = net.fit(batches, epochs=steps, steps_per_epoch=1, callbacks=[recorder], verbose=0)
    finally:
        keras.backend.set_floatx("float32")
    results |= {f"step_{name}": np.array(values) for name, values in fitted.history.items()}
    results |= {f"step_{name}": np.array(rows) for name, rows in recorder.rows.items()}
    results["final_first8"] = np.stack([_first8(variable.numpy()) for variable in ordered])
    results["final_momentum_norm"] = _momentum_norms(net, ordered)
    changed = [np.any(start != variable.numpy()) for start, variable in zip(starts, ordered)]
    return results | {"changed": np.array(changed)}


def _compile_with_tf1_momentum(config, net, num_examples) -> None:
    """TF1's momentum leaves the learning rate out of the velocity, Keras' puts it in.

    The former is our LARS without adaptation; while the learning rate stands still they are equal.
    """
    optimizer = LARS(
        build.schedule(config, num_examples),
        momentum=config.optimization.momentum,
        classic_momentum=False,
        nesterov=True,
        exclude_from_layer_adaptation=net.trainable_variables,
    )
    roles = weight_roles(net, norm=BatchNorm, classifier=SupervisedHead)
    net.compile(
        optimizer,
        weight_decay=config.optimization.weight_decay,
        l2_variables=roles.l2("momentum"),
    )


class Recorder(keras.callbacks.Callback):
    """Notes after every step (of one an epoch) the norms of `variables` and the learning rate."""

    def __init__(self, variables):
        super().__init__()
        self.variables = variables
        self.gradients = None
        self.rows = {"variable_norm": [], "lr": [], "grad_norm": []}

    def on_epoch_end(self, epoch, logs=None):
        norms = [np.linalg.norm(v.numpy().astype(np.float64)) for v in self.variables]
        self.rows["variable_norm"].append(norms)
        self.rows["lr"].append(self.model.optimizer.learning_rate.numpy())
        if self.gradients is not None:
            self.rows["grad_norm"].append(self.gradients.numpy())


def _round_betas(optimizer) -> None:
    """Rounds Adam's betas to float32, as the original keeps them whatever it trains.

    1 - .999 differs by 1e-5 of itself then. In a float32 run this changes nothing.
    """
    if isinstance(optimizer, keras.optimizers.Adam):
        optimizer.beta_1 = float(np.float32(optimizer.beta_1))
        optimizer.beta_2 = float(np.float32(optimizer.beta_2))


def _note_gradients(optimizer, variables, floatx):
    """A variable that holds the norms of the gradients that `optimizer` was last given."""
    norms = tf.Variable(tf.fill([len(variables)], tf.constant(np.nan, floatx)))
    apply = optimizer.apply_gradients

    def noting(gradients_and_variables, **options):
        pairs = list(gradients_and_variables)
        given = {variable.ref(): tf.norm(gradient) for gradient, variable in pairs}
        missing = tf.constant(np.nan, floatx)
        norms.assign(tf.stack([given.get(variable.ref(), missing) for variable in variables]))
        return apply(pairs, **options)

    optimizer.apply_gradients = noting
    return norms


def _first_outputs(net, recording, floatx) -> dict[str, np.ndarray]:
    """Outputs of the untrained net in training mode; moves the moving statistics."""
    images = tf.constant(recording.features[0], floatx)
    if recording.config.run.train_mode == "finetune":
        return {"step1_supervised_logits": net(images, training=True).numpy()}
    outputs = net(tf.concat(tf.split(images, 2, axis=-1), axis=0), training=True)
    results = {"step1_projection_output": outputs["proj_head_output"].numpy()}
    if "logits_sup" in outputs:
        results["step1_supervised_logits"] = outputs["logits_sup"].numpy()
    return results


def _first8(value: np.ndarray) -> np.ndarray:
    """The first eight elements, NaN where there are fewer."""
    first = value.ravel()[:8].astype(np.float64)
    return np.pad(first, (0, 8 - len(first)), constant_values=np.nan)


def _momentum_norms(net, variables) -> np.ndarray:
    """[variables], NaN for those without a velocity."""
    optimizer = net.optimizer
    slots = getattr(optimizer, "velocities", None) or getattr(optimizer, "momentums", [])
    norms = {
        variable.ref(): np.linalg.norm(slot.numpy())
        for variable, slot in zip(net.trainable_variables, slots)
    }
    return np.array([norms.get(variable.ref(), np.nan) for variable in variables])

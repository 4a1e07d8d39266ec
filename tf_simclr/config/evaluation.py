"""Flags for the evaluation of a trained model."""

import dataclasses

from tf_simclr.config.choices import PROBE_GRIDS
from tf_simclr.config.fields import Section, flag
from tf_simclr.config.matters import EMBEDDING, EVALUATING, LINEAR_HEAD, TASK_WITH_HEAD


@dataclasses.dataclass(frozen=True)
class EvaluationConfig(Section):
    """How a trained model is evaluated."""

    eval_batch_size: int = flag(256, "Pictures per evaluation step.", only=EVALUATING | EMBEDDING)
    eval_steps: int = flag(
        0, "Evaluation steps; 0 is all of them.", only=(EVALUATING, TASK_WITH_HEAD, LINEAR_HEAD)
    )
    eval_name: str | None = flag(
        None,
        "Name of the evaluation's TensorBoard folder, and of its files if it uses other data,"
        " another picture size or other weights than the run.",
        only=EVALUATING,
        of_command=True,
    )
    judge_examples: int = flag(
        10000, "Maximum pictures per split for probe, kNN and retrieval.", only=EVALUATING
    )
    probe_grid: str = flag(
        "short",
        "Regularisation strengths that the linear probe chooses from: four (short), or the 45 of"
        " the paper's transfer experiments (paper).",
        PROBE_GRIDS,
        only=EVALUATING,
    )

    judge_endpoints: str = flag(
        "last",
        "Layers to judge by labels: last; all, which are the stages, averaged and pooled to 2x2,"
        " the last one (final) and those of the projection head; or names, such as"
        " block_group3,block_group3_2x2,final,projection1.",
        only=EVALUATING,
    )

    @property
    def endpoints(self) -> tuple[str, ...] | None:
        """The names in `judge_endpoints`; () for all layers, None for the last one alone."""
        if self.judge_endpoints == "last":
            return None
        if self.judge_endpoints == "all":
            return ()
        return tuple(name.strip() for name in self.judge_endpoints.split(","))

    def _check(self) -> None:
        self._at_least(1, "eval_batch_size", "judge_examples")
        self._at_least(0, "eval_steps")

"""Flags of how a trained model is judged."""

import dataclasses

from tf_simclr.config.fields import Section, flag


@dataclasses.dataclass(frozen=True)
class EvaluationConfig(Section):
    """How a trained model is judged."""

    eval_batch_size: int = flag(256, "Pictures per evaluation step.")
    eval_steps: int = flag(0, "Evaluation steps; 0 is the whole split.")
    eval_name: str | None = flag(
        None,
        "Name of the evaluation's TensorBoard folder, and of its files where it is of other data,"
        " another size or other weights than the run's own.",
    )
    judge_examples: int = flag(
        10000, "Pictures of each split that probe, kNN and retrieval look at, at the most."
    )

    probe_grid: str = flag(
        "short",
        "Strengths of regularisation that the linear probe chooses from: four, or the 45 of the"
        " paper's transfer section.",
        ("short", "paper"),
    )

    def _check(self) -> None:
        self._at_least(1, "eval_batch_size", "judge_examples")
        self._at_least(0, "eval_steps")

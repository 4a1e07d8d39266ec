"""A two-by-two study: colour jitter and temperature at two values each, and one table.

    python examples/two_by_two.py runs/study

Each run is kept in a folder of its own; a second call goes on where the first one stopped.
"""

import itertools
import os
import sys

import tf_simclr

STUDY = {"color_jitter_strength": (0.5, 1.0), "temperature": (0.1, 0.5)}


def main(folder: str, score: str = "linear_probe_top1", **flags) -> dict[tuple, float]:
    """Values of the study's flags -> a score of result.json; any other flag may follow."""
    scores = {}
    for values in itertools.product(*STUDY.values()):
        run = tf_simclr.run(
            recipe="quickstart",
            model_dir=os.path.join(folder, "_".join(map(str, values))),
            **(dict(zip(STUDY, values)) | {"mode": "train_then_eval"} | flags),
        )
        scores[values] = run.results[score]
    print(f"\n{' '.join(STUDY)}: {score}")
    for values, value in scores.items():
        print(f"{' '.join(f'{v:>{len(name)}}' for name, v in zip(STUDY, values))}: {value:.1%}")
    return scores


if __name__ == "__main__":
    main(sys.argv[1])

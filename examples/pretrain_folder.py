"""Pretrains on a folder of pictures, then says which pictures the encoder finds most alike.

    python examples/pretrain_folder.py PICTURES runs/mine

A run that was stopped goes on when the same command is given again.
"""

import sys

import numpy as np

import tf_simclr


def main(pictures: str, model_dir: str, **flags) -> None:
    """Any flag of the command line may follow: `train_steps=500`, say."""
    run = tf_simclr.pretrain(pictures, model_dir=model_dir, **flags)
    print(f"{run.folder} is at step {run.step}.")

    vectors, names = run.embed(pictures)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    likeness = vectors @ vectors.T - 2 * np.eye(len(vectors))  # Nothing is like itself.
    for row in likeness.max(axis=1).argsort()[::-1][:5]:
        print(f"{names[row]} is most like {names[likeness[row].argmax()]}")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])

"""The usage: what a command without flags prints, and the beginning of --help."""

from tf_simclr.version import __version__

TEXT = f"""\
tf-simclr {__version__}: learn an image encoder from pictures without labels (SimCLR)

  Try it on the bundled pictures, in about 8 minutes on 2 cores:
    tf-simclr --recipe=quickstart --model_dir=runs/quickstart
  Train on a folder of your own pictures:
    tf-simclr --data_dir=PICTURES --model_dir=runs/mine
  Write the features of all pictures to a file:
    tf-simclr --mode=embed --model_dir=runs/mine --output=features.npz

Recipes: tf-simclr --recipe=help    All flags: tf-simclr --help
"""

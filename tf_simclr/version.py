"""The version of tf_simclr, apart from everything else so that setup.py can read it."""

__version__ = "0.1.0"

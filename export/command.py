"""The command of this folder: each format's is `tf-simclr --mode=export` with that format."""

import sys

from tf_simclr import main


def run(export_format: str) -> None:
    """Runs this process's command line as an export and exits."""
    program, *flags = sys.argv
    main.console([program, *flags, "--mode=export", f"--export_format={export_format}"])

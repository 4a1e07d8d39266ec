"""Thin commands of a checkout: `python -m export.FORMAT --model_dir=RUN --output=FOLDER`."""

"""LiteRT files, float32 and int8: `python -m export.lite --model_dir=RUN --output=FOLDER`."""

from export import command

if __name__ == "__main__":
    command.run("lite")

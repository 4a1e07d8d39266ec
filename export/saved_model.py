"""The original's SavedModel: `python -m export.saved_model --model_dir=RUN --output=FOLDER`."""

from export import command

if __name__ == "__main__":
    command.run("saved_model")

"""A TF-Hub module: `python -m export.hub_module --model_dir=RUN --output=FOLDER`."""

from export import command

if __name__ == "__main__":
    command.run("hub_module")

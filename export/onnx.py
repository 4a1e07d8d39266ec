"""An ONNX file: `python -m export.onnx --model_dir=RUN --output=FOLDER`."""

from export import command

if __name__ == "__main__":
    command.run("onnx")

"""Packaging of tf_simclr: the library, its bundled data and the console script."""

import pathlib
import re

import setuptools
from setuptools.command.build_py import build_py

ROOT = pathlib.Path(__file__).parent
VERSION = re.search(
    r'^__version__ = "(.+)"$', (ROOT / "tf_simclr" / "version.py").read_text(), re.MULTILINE
)[1]

REQUIRED = [
    "absl-py>=1.4",
    "importlib_resources",  # tensorflow-datasets 4.9.10 imports it and does not declare it.
    "numpy>=1.23",
    "pillow>=9.1",
    "scikit-learn>=1.5",
    "scipy>=1.9",
    "tensorboard",  # TensorFlow 2.21 no longer brings it.
    "tensorflow>=2.15.1,<2.22",
    "tensorflow-datasets>=4.9.4",
    "tf_keras>=2.15.1,<2.22",  # It asks for the TensorFlow of its own minor version.
    "threadpoolctl>=3.1",
    "tqdm>=4.64",
]
HOG = ["scikit-image>=0.22"]  # Features that need no learning, for an encoder to beat.
ONNX = ["onnx>=1.16", "onnxruntime>=1.18", "tf2onnx>=1.16"]
LITE = ["ai-edge-litert>=1.2"]  # The interpreter; the converter is TensorFlow's.
# What makes the site: `make docs`.
HAS_SPHINX = "python_version >= '3.11'"
DOCS = [
    f"furo>=2024.8.6; {HAS_SPHINX}",
    f"myst-parser>=5; {HAS_SPHINX}",
    f"sphinx>=9; {HAS_SPHINX}",
]
NOTEBOOKS = [
    "ipykernel>=6.29",
    "matplotlib>=3.8",
    "nbclient>=0.10",
    "nbformat>=5.10",
    "setuptools<81",  # tensorflow-hub 0.16.1 imports pkg_resources.
    "tensorflow-hub>=0.16.1",
]
# What TensorFlow looks up a TPU by its name with. Not TensorFlow itself: tensorflow-tpu takes
# the place of `tensorflow`, and pip cannot take a requirement away (see constraints-tpu.txt).
TPU = ["google-api-python-client>=2", "oauth2client>=4.1"]
# What drives a browser in the tests of the report; the browser itself is Debian's or your own.
BROWSER = ["playwright>=1.49"]
TEST = [
    "build",
    "mypy",
    "pytest>=7.4",
    "pytest-cov",
    "pytest-xdist",
    "ruff",
    "setuptools<81",  # tensorflow-hub 0.16.1 imports pkg_resources.
    "slipcover>=1.1",
    "tensorflow-hub>=0.16.1",
    "wheel",
]
# The second lane: tensorflow-addons is at its end of life, and imports beside nothing newer.
HAS_ADDONS = "python_version < '3.12'"
ADDONS = [
    f"tensorflow-addons==0.23.0; {HAS_ADDONS}",
    f"tensorflow==2.15.1; {HAS_ADDONS}",
    f"tf_keras==2.15.1; {HAS_ADDONS}",
    # Later ones are made for numpy 2 and protobuf 5, which this TensorFlow does not take.
    f"pyarrow<22; {HAS_ADDONS}",
    f"tensorflow-metadata<1.18; {HAS_ADDONS}",
]


class BuildWithRecipes(build_py):
    """Puts the recipes, which lie beside the package, into a wheel: as tf_simclr/recipes."""

    def run(self):
        super().run()
        if self.editable_mode:  # A checkout finds flags/ itself.
            return
        target = pathlib.Path(self.build_lib, "tf_simclr", "recipes")
        self.mkpath(str(target))
        for recipe in sorted(ROOT.glob("flags/*.cfg")):
            self.copy_file(str(recipe), str(target / recipe.name))


setuptools.setup(
    cmdclass={"build_py": BuildWithRecipes},
    name="tf_simclr",
    version=VERSION,
    description="SimCLR v1 and v2 for TensorFlow: pretrain on unlabelled images, judge, export.",
    long_description=(ROOT / "README.md").read_text(),
    long_description_content_type="text/markdown",
    author="The tf_simclr developers",  # As in CITATION.cff.
    license="Apache-2.0",  # Packaging has deprecated classifiers of licences.
    keywords=[
        "contrastive learning",
        "computer vision",
        "knowledge distillation",
        "representation learning",
        "self-supervised learning",
        "SimCLR",
        "TensorFlow",
    ],
    project_urls={
        "Paper: SimCLR": "https://arxiv.org/abs/2002.05709",
        "Paper: SimCLRv2": "https://arxiv.org/abs/2006.10029",
    },
    python_requires=">=3.10,<3.14",
    packages=setuptools.find_packages(include=["tf_simclr", "tf_simclr.*"]),
    package_data={
        "tf_simclr": ["py.typed"],  # Tells type checkers to read our annotations.
        "tf_simclr.data.emoji32": ["*.bin", "*.json", "*.md", "LICENSE*"],
        "tf_simclr.reporting": ["*.css", "*.js"],
    },
    install_requires=REQUIRED,
    extras_require={
        "addons": ADDONS,
        "browser": BROWSER,
        "docs": DOCS,
        "hog": HOG,
        "lite": LITE,
        "notebooks": NOTEBOOKS,
        "onnx": ONNX,
        "test": TEST,
        "tpu": TPU,
    },
    entry_points={"console_scripts": ["tf-simclr=tf_simclr.main:console"]},
    classifiers=[
        "Development Status :: 4 - Beta",
        "Environment :: Console",
        "Intended Audience :: Developers",
        "Intended Audience :: Education",
        "Intended Audience :: Science/Research",
        "Operating System :: POSIX :: Linux",
        "Programming Language :: Python :: 3",
        "Programming Language :: Python :: 3 :: Only",
        "Programming Language :: Python :: 3.10",
        "Programming Language :: Python :: 3.11",
        "Programming Language :: Python :: 3.12",
        "Programming Language :: Python :: 3.13",
        "Topic :: Scientific/Engineering :: Artificial Intelligence",
        "Topic :: Scientific/Engineering :: Image Recognition",
        "Topic :: Software Development :: Libraries :: Python Modules",
        "Typing :: Typed",
    ],
)

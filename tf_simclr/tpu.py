"""The TPU of a run: which one is meant, and the way to it."""

import importlib.util
import os
from collections.abc import Callable

import tensorflow as tf
from tensorflow.python.framework import kernels

from tf_simclr.network import answer_of

SECONDS = 60.0  # that a TPU may take to answer
LOCAL = "local"  # TensorFlow's word for the TPU of the machine itself
ADDRESS = "grpc://"
# How lines begin in which TensorFlow says where an error was, before it says which.
WHERE = ("Graph execution error", "Detected at node", "<stack traces", " ")
# Where TensorFlow's client looks for a TPU that it is not told, in this order.
ENVIRONMENT = ("KUBE_GOOGLE_CLOUD_TPU_ENDPOINTS", "TPU_NAME")
# What looks up a TPU by its name: module -> distribution, those of the extra `tpu`.
API_CLIENT = {"googleapiclient": "google-api-python-client", "oauth2client": "oauth2client"}


def _say(line: str) -> None:
    print(line, flush=True)


def connect(
    tpu_name: str | None = None,
    *,
    zone: str | None = None,
    project: str | None = None,
    seconds: float = SECONDS,
    report: Callable[[str], None] = _say,
) -> tf.distribute.TPUStrategy:
    """Connects to a TPU and initializes it.

    Signals are heard meanwhile, which TensorFlow does not do in its own waiting.

    Args:
      tpu_name: name or gRPC address of the TPU, or "local"; None takes what `choose` finds.
      zone: cloud zone of a TPU that is given by name; None is this machine's.
      project: cloud project of a TPU that is given by name; None is this machine's.
      seconds: that the TPU may take to answer. What it then needs to start is not limited.
      report: is told which TPU is taken.

    Returns:
      The strategy over all of the TPU's cores.

    Raises:
      ValueError: if no TPU answers, or this installation cannot ask for one.
    """
    _require_made_for_tpus()
    name, source = choose(tpu_name)
    place = "the TPU of this machine" if name == LOCAL else f"TPU {name}"
    received = f"{name!r} by {source}" if source else f"tpu_name={tpu_name!r}"
    limit = "" if name == LOCAL else f", waiting at most {seconds:g} seconds for its answer"
    report(f"Connecting to {place}{f' ({source})' if source else ''}{limit}.")
    if name != LOCAL and not name.startswith(ADDRESS):
        _require_api_client(received)
    try:
        resolver = answer_of(lambda: _reach(name, zone, project), seconds=seconds)
        answer_of(lambda: tf.tpu.experimental.initialize_tpu_system(resolver))
    except Exception as error:  # Google's clients have kinds of their own.
        raise ValueError(
            f"`use_tpu` needs a TPU and none answered ({_reason(error)}). Received: use_tpu=True,"
            f" {received}. Run with --use_tpu=False on this machine."
        ) from error
    return tf.distribute.TPUStrategy(resolver)


def choose(tpu_name: str | None) -> tuple[str, str]:
    """Which TPU is meant: the one given, else the environment's, else this machine's own.

    Args:
      tpu_name: as it was given; None where it was not.

    Returns:
      (name, address that begins with "grpc://", or "local"; where in the environment it was
      found, in words, or "").
    """
    if tpu_name:
        return _named(tpu_name), ""
    for variable in ENVIRONMENT:
        if os.environ.get(variable):
            return _named(os.environ[variable]), f"{variable} in the environment"
    return LOCAL, ""


def made_for_tpus() -> bool:
    """Whether this TensorFlow can run anything on a TPU: of the wheels, tensorflow-tpu's alone.

    Nothing public tells, and names of packages mislead: one wheel may have been installed over the
    other. In a TensorFlow that is not for TPUs this op has no kernel.
    """
    found = kernels.get_registered_kernels_for_op("TPUExecute").kernel
    return any(kernel.device_type == "TPU" for kernel in found)


def _named(text: str) -> str:
    """A TPU as TensorFlow takes it. Names have no colon; addresses have one before the port."""
    return ADDRESS + text if ":" in text and "://" not in text else text


def _reach(
    name: str, zone: str | None, project: str | None
) -> tf.distribute.cluster_resolver.TPUClusterResolver:
    resolver = tf.distribute.cluster_resolver.TPUClusterResolver(name, zone=zone, project=project)
    tf.config.experimental_connect_to_cluster(resolver)
    return resolver


def _reason(error: Exception) -> str:
    """The first sentence of what was wrong: after it comes a dump of the op that failed."""
    lines = [line for line in str(error).splitlines() if line and not line.startswith(WHERE)]
    return lines[0].partition(". ")[0].strip() if lines else type(error).__name__


def _require_made_for_tpus() -> None:
    if not made_for_tpus():
        raise ValueError(
            "`use_tpu` needs a TensorFlow made for TPUs, and the installed TensorFlow"
            f" {tf.__version__} is not. Received: use_tpu=True. Install tensorflow-tpu as README.md"
            " says, or run with --use_tpu=False."
        )


def _require_api_client(received: str) -> None:
    if not all(importlib.util.find_spec(module) for module in API_CLIENT):
        raise ValueError(
            "A TPU's name is looked up by Google's API client, which is not installed. Received:"
            f" {received}. Install what the extra `tpu` has: pip install"
            f" {' '.join(API_CLIENT.values())}. Or give the address: --tpu_name=grpc://HOST:8470."
        )

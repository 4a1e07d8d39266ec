"""The TPU of a run: which one to use, and how to connect to it."""

import importlib.util
import os
import re
from collections.abc import Callable

import tensorflow as tf
from tensorflow.python.framework import kernels

from tf_simclr.network import answer_of
from tf_simclr.stopping import NotNow

SECONDS = 60.0  # to wait for a TPU's answer
LOCAL = "local"  # TensorFlow's word for the TPU of the machine itself
ADDRESS = "grpc://"
_PLACE = r"(grpc://)?[^\s/:,\[\]]+:\d+"
_NAME_OR_ADDRESS = re.compile(rf"[^\s:]+|{_PLACE}(,{_PLACE})*")
# Errors after which a later attempt may reach the TPU.
_LATER = (TimeoutError, tf.errors.DeadlineExceededError, tf.errors.UnavailableError)
# Starts of the lines in which TensorFlow says where an error was, before it says which.
WHERE = ("Graph execution error", "Detected at node", "<stack traces", " ")
# Where TensorFlow's client looks for a TPU if none is given, in this order.
ENVIRONMENT = ("KUBE_GOOGLE_CLOUD_TPU_ENDPOINTS", "TPU_NAME")
# Needed to look up a TPU by its name: module -> distribution, as in the extra `tpu`.
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

    It does not block signals, as TensorFlow's own waiting does.

    Args:
      tpu_name: name or gRPC address of the TPU, or "local"; None takes what `choose` finds.
      zone: cloud zone of a TPU that is given by name; None is this machine's.
      project: cloud project of a TPU that is given by name; None is this machine's.
      seconds: to wait for the TPU's answer. The time that it then needs to start is not limited.
      report: called with a line that says which TPU is used.

    Returns:
      The strategy over all of the TPU's cores.

    Raises:
      ValueError: if there is no TPU, or this installation cannot ask for one; NotNow, if the TPU
        does not answer in time.
    """
    _require_made_for_tpus()
    name, source = choose(tpu_name)
    place = "the TPU of this machine" if name == LOCAL else f"TPU {name}"
    place += f" ({source})" if source else ""
    limit = "" if name == LOCAL else f", waiting at most {seconds:g} seconds for its answer"
    report(f"Connecting to {place}{limit}.")
    if name != LOCAL and not name.startswith(ADDRESS):
        _require_api_client(place)
    try:
        resolver = answer_of(lambda: _reach(name, zone, project), seconds=seconds)
        answer_of(lambda: tf.tpu.experimental.initialize_tpu_system(resolver))
    except Exception as error:  # Google's clients raise errors of their own.
        # libtpu leaves this file behind, and a process that finds it does not load libtpu.
        look = "delete /tmp/libtpu_lockfile if no other process uses it"
        if name != LOCAL:
            look = "check that it is running and can be reached from here"
        raise (NotNow if isinstance(error, _LATER) else ValueError)(
            f"`use_tpu` needs a TPU and none answered ({_reason(error)}). Received: use_tpu=True,"
            f" for {place}. If there is one, {look}; otherwise run with --use_tpu=False."
        ) from error
    return tf.distribute.TPUStrategy(resolver)


def choose(tpu_name: str | None) -> tuple[str, str]:
    """Which TPU to use: the one given, else the environment's, else this machine's own.

    Args:
      tpu_name: as it was given; None if it was not.

    Returns:
      (name, address that begins with "grpc://", or "local"; where in the environment it was
      found, in words, or "").

    Raises:
      ValueError: if it can be neither a name nor an address.
    """
    if tpu_name:
        return _named(tpu_name, "tpu_name"), ""
    for variable in ENVIRONMENT:
        if os.environ.get(variable):
            return _named(os.environ[variable], variable), f"{variable} in the environment"
    return LOCAL, ""


def made_for_tpus() -> bool:
    """Whether this TensorFlow can run on a TPU, as only the wheels of tensorflow-tpu can.

    No public function tells, and names of packages mislead: one wheel may have been installed over
    the other. In a TensorFlow that is not for TPUs this op has no kernel.
    """
    found = kernels.get_registered_kernels_for_op("TPUExecute").kernel
    return any(kernel.device_type == "TPU" for kernel in found)


def _named(text: str, source: str) -> str:
    """A TPU as TensorFlow takes it. Names have no colon; addresses have one before the port."""
    if not _NAME_OR_ADDRESS.fullmatch(text):
        raise ValueError(
            "A TPU is given by its name, by local, or by an address such as grpc://10.0.0.2:8470."
            f" Received: {source}={text!r}."
        )
    if text.lower() == LOCAL:
        return LOCAL
    return ADDRESS + text if ":" in text and "://" not in text else text


def _reach(
    name: str, zone: str | None, project: str | None
) -> tf.distribute.cluster_resolver.TPUClusterResolver:
    resolver = tf.distribute.cluster_resolver.TPUClusterResolver(name, zone=zone, project=project)
    tf.config.experimental_connect_to_cluster(resolver)
    return resolver


def _reason(error: Exception) -> str:
    """The first sentence of an error; a dump of the failed op follows it."""
    lines = [line for line in str(error).splitlines() if line and not line.startswith(WHERE)]
    return lines[0].partition(". ")[0].strip() if lines else type(error).__name__


def _require_made_for_tpus() -> None:
    if not made_for_tpus():
        raise ValueError(
            "`use_tpu` needs a TensorFlow made for TPUs, and the installed TensorFlow"
            f" {tf.__version__} is not. Received: use_tpu=True. Install tensorflow-tpu as"
            " docs/tpu.md in the sources of tf_simclr says, or run with --use_tpu=False."
        )


def _require_api_client(place: str) -> None:
    if not all(importlib.util.find_spec(module) for module in API_CLIENT):
        raise ValueError(
            "A TPU's name is looked up by Google's API client, which is not installed. Received:"
            f" {place}. Install the packages of the extra `tpu`: pip install"
            f" {' '.join(API_CLIENT.values())}. Or give the address: --tpu_name=grpc://HOST:8470."
        )

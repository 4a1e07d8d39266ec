"""The machine, versions and size of a run's network, as they were when it was trained or judged.

{"cpu": "AMD EPYC 9B45", "cores": 2, "devices": "CPU", "python": "3.11.7", "tensorflow": "2.21.0",
 "tf_simclr": "0.1.0", "encoder_parameters": 2797568}
"""

import json
import os
import platform
import re
import subprocess
from typing import Any

import tensorflow as tf

from tf_simclr.version import __version__
from tf_simclr.workdir import run_folder

MACHINE = "machine.json"  # in a run's folder


def facts_of_this(encoder_parameters: int | None = None) -> dict[str, Any]:
    """The facts of this machine and program.

    Args:
      encoder_parameters: of the network; None if it is not known.
    """
    facts: dict[str, Any] = {
        "cpu": _cpu(),
        "cores": len(os.sched_getaffinity(0))
        if hasattr(os, "sched_getaffinity")
        else os.cpu_count(),
        "devices": _devices(),
        "python": platform.python_version(),
        "tensorflow": tf.__version__,
        "tf_simclr": __version__,
    }
    return facts | ({"encoder_parameters": encoder_parameters} if encoder_parameters else {})


def write_run_facts(folder: str, facts: dict[str, Any]) -> None:
    """Writes the facts of a training to its folder."""
    text = json.dumps(facts, indent=2, sort_keys=True) + "\n"
    run_folder.write_atomically(os.path.join(folder, MACHINE), text)


def read_run_facts(folder: str) -> dict[str, Any]:
    """The facts of the training in a folder; {} if none are recorded."""
    return run_folder.read_facts(os.path.join(folder, MACHINE))


def _cpu() -> str:
    """The processor's name, as its system gives it."""
    if os.path.exists("/proc/cpuinfo"):
        with open("/proc/cpuinfo") as file:
            if found := re.search(r"^model name\s*:\s*(.+)$", file.read(), re.MULTILINE):
                return found[1].strip()
    if platform.system() == "Darwin":
        try:
            asked = ["sysctl", "-n", "machdep.cpu.brand_string"]
            return subprocess.run(asked, capture_output=True, text=True, timeout=5).stdout.strip()
        except (OSError, subprocess.TimeoutExpired):
            pass
    return platform.processor() or platform.machine()


def _devices() -> str:
    """The accelerators in words: "2 x NVIDIA A100"; "CPU" without one."""
    tpus = tf.config.list_logical_devices("TPU")
    if tpus:
        return f"{len(tpus)} TPU cores"
    gpus = tf.config.list_physical_devices("GPU")
    if not gpus:
        return "CPU"
    name = tf.config.experimental.get_device_details(gpus[0]).get("device_name", "GPU")
    return f"{len(gpus)} x {name}"

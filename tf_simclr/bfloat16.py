"""Whether this machine has units that compute in bfloat16: if so, half precision may be faster."""

import functools
import pathlib
import re

import tensorflow as tf

CPU_FACTS = "/proc/cpuinfo"
# Flags of a CPU there -> what they are called.
CPU_UNITS = {"amx_bf16": "AMX", "avx512_bf16": "AVX512_BF16"}
GPU_CAPABILITY = (8, 0)  # of CUDA, from which on GPUs compute in bfloat16: Ampere


@functools.cache
def units(device: str) -> str:
    """The name of the machine's units for bfloat16; "" if it has none, or none that is known.

    Without them TensorFlow converts to float32 and back around each operation, which takes several
    times as long.

    Args:
      device: what trains: "CPU", "GPU" or "TPU".
    """
    if device == "TPU":
        return "MXU"
    if device == "GPU":
        details = map(
            tf.config.experimental.get_device_details, tf.config.list_physical_devices("GPU")
        )
        capable = all(each.get("compute_capability", (0,)) >= GPU_CAPABILITY for each in details)
        return "tensor cores" if capable else ""
    facts = pathlib.Path(CPU_FACTS)
    found = (
        re.search(r"^flags\s*:(.*)$", facts.read_text(), re.MULTILINE) if facts.exists() else None
    )
    flags = found[1].split() if found else []
    return next((name for flag, name in CPU_UNITS.items() if flag in flags), "")

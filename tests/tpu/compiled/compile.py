"""Compiles a lowered HLO module for a TPU topology by libtpu's compiler, which needs no TPU.

    python tests/tpu/compiled/compile.py step.hlo --topology=v5e:4x8 [--level=UNKNOWN] [--text=FILE]

This runs in an environment of its own, of requirements.txt. It prints one line of JSON: what a
device's memory holds, how many operations and bytes the compiler counts, and what crosses devices.
"""

import argparse
import collections
import json
import os
import re
import time
from typing import Any

# Else the import asks a metadata server that is only there on a TPU's VM, for a minute.
os.environ.setdefault("TPU_SKIP_MDS_QUERY", "1")
os.environ.setdefault("TPU_WORKER_HOSTNAMES", "localhost")
os.environ.setdefault("JAX_PLATFORMS", "cpu")
import numpy as np
from jax._src.compiler import CompilerEffortLevel
from jax._src.interpreters import mlir
from jax._src.lib import _jax, xla_client
from jax.experimental import topologies
from jaxlib.mlir import ir

BYTES = {"pred": 1, "s8": 1, "u8": 1, "bf16": 2, "s32": 4, "u32": 4, "f32": 4, "s64": 8, "u64": 8}
# Both cores of a chip are one device, as the drivers of v4 and later have it.
CHIP = {"v4": {"chip_config_name": "megacore"}}
CROSSING = ("all-reduce", "all-gather", "all-to-all", "reduce-scatter", "collective-permute")


def give_memory_of_variables(module: ir.Module) -> None:
    """Lets a variable's new value take the memory of the old one, as TensorFlow's runtime does.

    New values stand last among the results, as variables do among the arguments; they are matched
    by their type, from the end.
    """
    main = next(each for each in module.body.operations if each.name.value == "main")
    free = collections.defaultdict(list)
    for place, kind in enumerate(main.type.inputs):
        free[str(kind)].append(place)
    # Attributes of an argument are a mapping that cannot be changed.
    attributes = [{name: held[name] for name in _names(held)} for held in main.arg_attrs]
    for result, kind in reversed(list(enumerate(main.type.results))):
        if free[str(kind)]:
            number = ir.IntegerAttr.get(ir.IntegerType.get_signless(32), result)
            attributes[free[str(kind)].pop()]["tf.aliasing_output"] = number
    main.arg_attrs = ir.ArrayAttr.get([ir.DictAttr.get(each) for each in attributes])


def _names(attributes: Any) -> list[str]:
    return [each if isinstance(each, str) else each.name for each in attributes]


def compile_for(topology: str, hlo: bytes, replicas: int, level: str) -> Any:
    """The executable of a module for the first `replicas` devices of a topology."""
    chip = CHIP.get(topology.partition(":")[0], {})
    devices = topologies.get_topology_desc(topology, "tpu", **chip).devices[:replicas]
    if len(devices) < replicas:
        raise ValueError(
            f"{topology} has {len(devices)} devices, and the step {replicas} replicas."
        )
    options = xla_client.CompileOptions()
    options.num_replicas, options.num_partitions = replicas, 1
    places = np.array([[device.id] for device in devices])
    options.device_assignment = xla_client.DeviceAssignment.create(places)
    effort = options.executable_build_options
    effort.optimization_level = CompilerEffortLevel[level].value
    effort.memory_fitting_level = CompilerEffortLevel["O2"].value  # JAX's default.
    with mlir.make_ir_context():
        stable = _jax.mlir.xla_computation_to_mlir_module(xla_client.XlaComputation(hlo))
        module = ir.Module.parse(stable)
        give_memory_of_variables(module)
        return devices[0].client.compile(
            module,
            executable_devices=xla_client.DeviceList(tuple(devices)),
            compile_options=options,
        )


def measure(executable: Any) -> dict[str, Any]:
    """What a chip holds in memory and does in a step; all of one replica."""
    memory = executable.get_compiled_memory_stats()
    cost = executable.cost_analysis()
    return {
        "memory_bytes": memory.argument_size_in_bytes
        + memory.output_size_in_bytes
        - memory.alias_size_in_bytes
        + memory.temp_size_in_bytes
        + memory.generated_code_size_in_bytes,
        "flops": int(cost["flops"]),
        "accessed_bytes": int(cost["bytes accessed"]),
    }


def collectives(text: str) -> dict[str, list[int]]:
    """Kind of collective -> how often it is in optimised HLO, and the bytes of its results."""
    found: dict[str, list[int]] = {}
    for shape, kind, start in re.findall(
        rf"= (\(.*?\)|\S+) ({'|'.join(CROSSING)})(-start)?\(", re.sub(r"/\*.*?\*/", "", text)
    ):
        count, total = found.get(kind, [0, 0])
        # An asynchronous one is a pair of its arguments and its results.
        halves = 2 if start and shape.startswith("((") else 1
        found[kind] = [count + 1, total + _size(shape) // halves]
    return found


def _size(shape: str) -> int:
    return sum(
        BYTES[kind] * int(np.prod([int(side) for side in sides.split(",") if side] or [1]))
        for kind, sides in re.findall(r"\b([a-z]+\d*)\[([\d,]*)\]", shape)
        if kind in BYTES
    )


def main() -> None:
    """Compiles what the command line names."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("hlo")
    parser.add_argument("--topology", required=True)
    parser.add_argument("--level", default="O0", choices=CompilerEffortLevel.__members__)
    parser.add_argument("--text", help="where to write the optimised HLO")
    args = parser.parse_args()
    with open(f"{args.hlo}.json") as file:
        facts = json.load(file)
    with open(args.hlo, "rb") as file:
        hlo = file.read()
    began = time.monotonic()
    executable = compile_for(args.topology, hlo, facts["replicas"], args.level)
    seconds = round(time.monotonic() - began)
    text = "\n".join(module.to_string() for module in executable.hlo_modules())
    if args.text:
        with open(args.text, "w") as file:
            file.write(text)
    print(json.dumps(measure(executable) | {"collectives": collectives(text), "seconds": seconds}))


if __name__ == "__main__":
    main()

"""A profile of a step, and the number of its operations."""

import collections
import glob
import re
import tempfile
import time

PROFILED = 3  # steps
# Kind of operation -> pattern for "node:operation" in the trace; the first match counts.
KINDS = {
    "convolution": r":Conv2D$",
    "its gradient by the input": r":Conv2DBackpropInput$",
    "its gradient by the kernel": r":Conv2DBackpropFilter$",
    "gradient of batch norm": r"gradient_tape/.*bn\d?/",
    "batch norm, and ReLU where fused to it": r"bn\d?/",
    "ReLU and its gradient": r":Relu",
    "sums of branches and gradients": r"/block\d/[^/]*:Add|operators__.add|:AddN$",
    "optimiser": r"LARS|SGD|:(Mul|Sum|Square|AddV2|Sub|L2Loss|Assign\w*|ResourceApply\w*)$",
    "the rest": "",
}


def flops(operations) -> float:
    """Multiplications and additions in a graph's convolutions and matrix products."""
    total = 0
    for op in operations:
        if op.type == "MatMul":
            inner = op.inputs[0].shape[0 if op.get_attr("transpose_a") else 1]
            total += 2 * inner * op.outputs[0].shape.num_elements()
        elif op.type.startswith("Conv2D"):
            filters = {"Conv2D": op.inputs[1], "Conv2DBackpropInput": op.inputs[1]}
            kernel = filters.get(op.type, op.outputs[0])
            outputs = op.outputs[0] if op.type == "Conv2D" else op.inputs[2]
            places = outputs.shape.num_elements() // outputs.shape[-1]
            total += 2 * places * kernel.shape.num_elements()
    return total


def profile(run):
    """Kind of operation -> milliseconds of a step, from TensorFlow's own trace."""
    import tensorflow as tf
    from tensorflow.tsl.profiler.protobuf import xplane_pb2

    with tempfile.TemporaryDirectory() as folder:
        tf.profiler.experimental.start(folder)
        start = time.perf_counter()
        for _ in range(PROFILED):
            run()
        whole = 1e3 * (time.perf_counter() - start) / PROFILED
        tf.profiler.experimental.stop()
        (path,) = glob.glob(f"{folder}/**/*.xplane.pb", recursive=True)
        with open(path, "rb") as file:
            space = xplane_pb2.XSpace.FromString(file.read())
    times = collections.Counter(dict.fromkeys(KINDS, 0.0))
    for plane in space.planes:
        for event in (event for line in plane.lines for event in line.events):
            name = plane.event_metadata[event.metadata_id].name
            if re.fullmatch(r"[^ :]+:\w+", name):
                name = re.sub(r":_Mkl(Native)?", ":", name)
                kind = next(kind for kind, looks in KINDS.items() if re.search(looks, name))
                times[kind] += event.duration_ps / 1e9 / PROFILED
    times["the rest"] += whole - sum(times.values())
    return times

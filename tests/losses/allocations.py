"""How many bytes a function's tensors take at most at a time, by TensorFlow's own record."""

import numpy as np
import tensorflow as tf


def run_and_peak(function, *arrays):
    """What `function` gives for some arrays, as NumPy's, and the peak of bytes that it allocates.

    The record has each allocation and release of a tensor's memory on the CPU. What the function is
    given is not counted, and what it returns is.
    """
    specs = [tf.TensorSpec(array.shape, array.dtype) for array in arrays]
    concrete = tf.function(function, autograph=False).get_concrete_function(*specs)
    record = tf.compat.v1.RunMetadata()
    options = tf.compat.v1.RunOptions(trace_level=tf.compat.v1.RunOptions.FULL_TRACE)
    with tf.Graph().as_default() as graph, tf.compat.v1.Session(graph=graph) as session:
        tf.graph_util.import_graph_def(concrete.graph.as_graph_def(), name="")
        given = {tensor.name: array for tensor, array in zip(concrete.inputs, arrays)}
        results = [tensor.name for tensor in concrete.outputs]
        found = session.run(results, given, options, record)
    changes = sorted(
        (event.alloc_micros, event.alloc_bytes)
        for device in record.step_stats.dev_stats
        for node in device.node_stats
        for memory in node.memory
        for event in memory.allocation_records
    )
    return found, int(np.cumsum([size for _, size in changes]).max())

"""What a TensorFlow checkpoint holds: variables by name, and objects where it has them.

The keys under which an object-based checkpoint stores tensors name one path to each, and not always
the one that is looked for: an export lists its weights twice. Its graph of objects has all paths,
and the names that variables were made with. A TensorFlow 1 checkpoint has names alone.
"""

import numpy as np
import tensorflow as tf
from tensorflow.core.protobuf import trackable_object_graph_pb2

GRAPH_KEY = "_CHECKPOINTABLE_OBJECT_GRAPH"
AVERAGED = "ema_"  # Before a part's name: its moving average.
OPTIMIZER = "optimizer/"  # Its variables repeat the names of those that it trains.


class CheckpointContents:
    """The contents of the checkpoint at a prefix.

    Args:
      prefix: path of the checkpoint without .index.
    """

    def __init__(self, prefix: str):
        self._reader = tf.train.load_checkpoint(prefix)
        self._shapes = self._reader.get_variable_to_shape_map()
        graph = trackable_object_graph_pb2.TrackableObjectGraph()
        if GRAPH_KEY in self._shapes:
            graph.ParseFromString(self._reader.get_tensor(GRAPH_KEY))
        self._nodes = graph.nodes

    def parts(self) -> set[str]:
        """Names of the root's children; none in a TensorFlow 1 checkpoint."""
        return {child.local_name for node in self._nodes[:1] for child in node.children}

    def shape(self, *path: str) -> list[int] | None:
        """Shape of the variable at `path` from the root, or None if there is none."""
        node = self._nodes[0]
        for name in path:
            following = [child.node_id for child in node.children if child.local_name == name]
            if not following:
                return None
            node = self._nodes[following[0]]
        keys = [attribute.checkpoint_key for attribute in node.attributes]
        return self._shapes[keys[0]] if keys else None

    def named(self) -> list[tuple[str, str]]:
        """(name, key) of each variable, as it was named when it was made; no slots."""
        if not self._nodes:
            return [(name, name) for name in self._shapes]
        slots = {slot.slot_variable_node_id for node in self._nodes for slot in node.slot_variables}
        return [
            (attribute.full_name, attribute.checkpoint_key)
            for number, node in enumerate(self._nodes)
            for attribute in node.attributes
            if number not in slots and not attribute.checkpoint_key.startswith(OPTIMIZER)
        ]

    def shape_of(self, key: str) -> list[int]:
        """Shape of the tensor stored under `key`."""
        return self._shapes[key]

    def read(self, key: str) -> np.ndarray:
        """The tensor stored under `key`, of the shape that `shape_of` tells."""
        return self._reader.get_tensor(key)


def require_averaged(contents: CheckpointContents, path: str) -> None:
    """Raises ValueError if a checkpoint of this project has no averaged weights.

    Args:
      contents: of the checkpoint.
      path: as the user gave it.
    """
    if f"{AVERAGED}encoder" not in contents.parts():
        raise ValueError(
            "`use_ema_weights` needs a checkpoint with averaged weights: of a run with"
            " --memory_size, whose exports have one set of weights, or a released TensorFlow 1"
            f" checkpoint. Received: checkpoint={path!r}, which has none."
        )

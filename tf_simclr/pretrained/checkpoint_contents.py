"""The contents of a TensorFlow checkpoint: variables by name, and objects if it has them.

An object-based checkpoint stores each tensor under one path to it, which may not be the one we look
for: an export lists its weights twice. The object graph in it has all paths, and the names that the
variables were made with. A TensorFlow 1 checkpoint only has names.
"""

import numpy as np
import tensorflow as tf
from tensorflow.core.protobuf import trackable_object_graph_pb2

GRAPH_KEY = "_CHECKPOINTABLE_OBJECT_GRAPH"
AVERAGED = "ema_"  # prefix of a part's name: its moving average
OPTIMIZER = "optimizer/"  # Its slots have the names of the variables that they belong to.


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
        """Names of the root's children; empty for a TensorFlow 1 checkpoint."""
        return {child.local_name for node in self._nodes[:1] for child in node.children}

    def shape(self, *path: str) -> list[int] | None:
        """Shape of the variable at `path` from the root, or None if there is none."""
        key = self.key(*path)
        return self._shapes[key] if key else None

    def key(self, *path: str) -> str | None:
        """Key of the variable at `path` from the root, for `read`, or None if there is none."""
        node = self._nodes[0]
        for name in path:
            following = [child.node_id for child in node.children if child.local_name == name]
            if not following:
                return None
            node = self._nodes[following[0]]
        keys = [attribute.checkpoint_key for attribute in node.attributes]
        return keys[0] if keys else None

    def named(self) -> list[tuple[str, str]]:
        """(name, key) of each variable, with the name that it was made with; no slots."""
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
        """The tensor stored under `key`, of shape `shape_of(key)`."""
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
            " --memory_size (but not its exports), or a released TensorFlow 1 checkpoint."
            f" Received: checkpoint={path!r}, which has none."
        )

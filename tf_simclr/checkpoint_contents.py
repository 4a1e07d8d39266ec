"""What an object-based TensorFlow checkpoint holds, read off its graph of objects.

The keys under which tensors are stored name one path to each, and not always the one that is looked
for: an export lists its weights twice. The graph has all paths.
"""

import tensorflow as tf
from tensorflow.core.protobuf import trackable_object_graph_pb2

GRAPH_KEY = "_CHECKPOINTABLE_OBJECT_GRAPH"


class CheckpointContents:
    """The objects of the checkpoint at a prefix.

    Args:
      prefix: path of the checkpoint without .index.

    Raises:
      ValueError: if it is a TensorFlow 1 checkpoint, which has names and no objects.
    """

    def __init__(self, prefix: str):
        self._reader = tf.train.load_checkpoint(prefix)
        if not self._reader.has_tensor(GRAPH_KEY):
            raise ValueError(
                "`checkpoint` must be one that TensorFlow 2 wrote, with its objects. Received:"
                f" checkpoint={prefix!r}."
            )
        graph = trackable_object_graph_pb2.TrackableObjectGraph()
        graph.ParseFromString(self._reader.get_tensor(GRAPH_KEY))
        self._nodes = graph.nodes

    def parts(self) -> set[str]:
        """Names of the root's children."""
        return {child.local_name for child in self._nodes[0].children}

    def shape(self, *path: str) -> list[int] | None:
        """Shape of the variable at `path` from the root, or None if there is none."""
        node = self._nodes[0]
        for name in path:
            following = [child.node_id for child in node.children if child.local_name == name]
            if not following:
                return None
            node = self._nodes[following[0]]
        keys = [attribute.checkpoint_key for attribute in node.attributes]
        return self._reader.get_variable_to_shape_map()[keys[0]] if keys else None

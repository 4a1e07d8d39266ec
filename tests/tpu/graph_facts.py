"""What TPUs would be given to compile of a graph that was traced under TPUStrategy."""

import dataclasses
import functools
from typing import NamedTuple

import numpy as np
import tensorflow as tf
from tensorflow.python.framework import kernels

COLLECTIVES = ("CrossReplicaSum", "AllToAll", "CollectivePermute")
LOOPS = ("While", "StatelessWhile")
CALLS = ("PartitionedCall", "StatefulPartitionedCall")
# What XLA need not compile: what marks the computation, arguments of functions, and what only the
# compiler for TPUs has a kernel for.
NOT_COMPILED = (*COLLECTIVES, "TPUReplicateMetadata", "Placeholder")


class Collective(NamedTuple):
    """An operation in which replicas meet.

    Attributes:
      kind: of COLLECTIVES.
      dtype: of what each replica hands in, by name.
      shape: of the same.
      in_loop: whether it is in a loop of the step, and done more than once.
    """

    kind: str
    dtype: str
    shape: tuple[int, ...]
    in_loop: bool

    @property
    def bytes(self) -> int:
        """Of what each replica hands in; of an AllToAll, of what it sends to each other one."""
        whole = int(np.prod(self.shape, dtype=int)) * tf.as_dtype(self.dtype).size
        return whole // self.shape[0] if self.kind == "AllToAll" else whole


@dataclasses.dataclass
class Facts:
    """What is in the replicated computation.

    Attributes:
      collectives: in the order of the graph.
      largest: elements of the largest tensor.
      unshaped: "TYPE NAME SHAPE" of tensors without a static shape.
      on_host: names of operations that are left to the host: outside compilation.
      not_compiled: types of operations that XLA has no kernel for.
      one_pass: names of the products of two matrices that a TPU computes in one pass of bfloat16.
      exact: how many ask for more.
    """

    collectives: list[Collective] = dataclasses.field(default_factory=list)
    largest: int = 0
    unshaped: list[str] = dataclasses.field(default_factory=list)
    on_host: list[str] = dataclasses.field(default_factory=list)
    not_compiled: list[str] = dataclasses.field(default_factory=list)
    one_pass: list[str] = dataclasses.field(default_factory=list)
    exact: int = 0

    @classmethod
    def read(cls, graph: tf.Graph) -> "Facts":
        """Of a graph, and of all functions that it calls."""
        tf.function(tf.negative, jit_compile=True)(1.0)  # XLA makes its kernels known when used.
        facts = cls()
        facts._add(graph, inside=False, in_loop=False)
        return facts

    def _add(self, graph: tf.Graph, inside: bool, in_loop: bool, shaped: bool = True) -> None:
        """Adds what is in a graph.

        Args:
          graph: of the step, or of a function that is called.
          inside: whether it is called in the replicated computation.
          in_loop: whether it is called in a loop there.
          shaped: whether it was traced for the shapes that it is called with.
        """
        for operation in graph.get_operations():
            node = operation.node_def
            replicated = inside or "_tpu_replicate" in node.attr
            if replicated:
                self._note(operation, node, in_loop, shaped)
            loops = in_loop or (replicated and operation.type in LOOPS)
            for name in _called(node):
                called = graph._functions[name].graph
                fits = shaped and (operation.type not in CALLS or _fits(called, operation))
                self._add(called, replicated, loops, fits)

    def _note(
        self, operation: tf.Operation, node: tf.compat.v1.NodeDef, in_loop: bool, shaped: bool
    ) -> None:
        if "_xla_outside_compilation" in node.attr:
            self.on_host.append(operation.name)
        elif not (operation.type in NOT_COMPILED or _has_xla_kernel(operation.type)):
            self.not_compiled.append(operation.type)
        if operation.type == "MatMul":
            self.one_pass.append(operation.name)
        self.exact += operation.type == "XlaDotV2"
        for tensor in operation.outputs:
            if tensor.dtype in (tf.resource, tf.variant) or not tensor.consumers():
                continue
            if tensor.shape.is_fully_defined():
                self.largest = max(self.largest, tensor.shape.num_elements())
            elif shaped:
                self.unshaped.append(f"{operation.type} {tensor.name} {tensor.shape}")
        if operation.type in COLLECTIVES:
            given = operation.inputs[0]
            shape = tuple(given.shape.as_list())
            self.collectives.append(Collective(operation.type, given.dtype.name, shape, in_loop))


def _fits(graph: tf.Graph, call: tf.Operation) -> bool:
    """Whether a function knows the shapes of what it is called with.

    That of a SavedModel does not know its batch; XLA compiles it anew for the shapes of the call.
    """
    return all(
        taken.shape.is_fully_defined() or not given.shape.is_fully_defined()
        for taken, given in zip(graph.inputs, call.inputs)
    )


def _called(node: tf.compat.v1.NodeDef) -> list[str]:
    """Names of the functions that an operation calls: branches, bodies of loops, plain calls."""
    attributes = node.attr.values()
    listed = [function for each in attributes for function in each.list.func]
    single = [each.func for each in attributes if each.HasField("func")]
    return [function.name for function in listed + single]


@functools.cache
def _has_xla_kernel(kind: str) -> bool:
    registered = kernels.get_registered_kernels_for_op(kind).kernel
    return any(kernel.device_type == "XLA_CPU_JIT" for kernel in registered)

"""A small builder of ONNX graphs whose bytes depend on what is put in, and on nothing else.

Imports `onnx`: import this module only where a graph is built.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

_OPSET = 20  # the first with Gelu
_IR_VERSION = 9


class Graph:
    """Nodes and constants in the order they were added, under numbered names: equal builds, equal bytes."""

    def __init__(self, name: str, version: str) -> None:
        self._name, self._version = name, version
        self._nodes: list[onnx.NodeProto] = []
        self._constants: list[onnx.TensorProto] = []
        self._inputs: list[onnx.ValueInfoProto] = []

    def add_input(self, name: str, kind: str, shape: list[str | int]) -> str:
        """Declare an input of type `kind` (`FLOAT`, `INT64`); a string in `shape` is a free dimension."""
        self._inputs.append(helper.make_tensor_value_info(name, TensorProto.DataType.Value(kind), shape))
        return name

    def add_constant(self, array: NDArray[Any]) -> str:
        """Add a constant and return its name."""
        name = f"c{len(self._constants)}"
        # `ascontiguousarray` makes a scalar a vector: `reshape` undoes that.
        values = np.ascontiguousarray(array).reshape(array.shape)
        self._constants.append(numpy_helper.from_array(values, name))
        return name

    def add_integers(self, *values: int) -> str:
        """Add a constant vector of int64 (axes, shapes, bounds)."""
        return self.add_constant(np.array(values, dtype=np.int64))

    def add_number(self, value: float) -> str:
        """Add a float32 scalar."""
        return self.add_constant(np.array(value, dtype=np.float32))

    def add_node(self, operator: str, *inputs: str, output: str = "", **attributes: Any) -> str:
        """Add a node with one output and return the output's name."""
        name = output or f"n{len(self._nodes)}"
        self._nodes.append(helper.make_node(operator, list(inputs), [name], **attributes))
        return name

    def serialise(self, output: str, shape: list[str | int]) -> bytes:
        """Check the graph and return its `ModelProto`, whose one output is the float32 tensor `output`."""
        outputs = [helper.make_tensor_value_info(output, TensorProto.FLOAT, shape)]
        graph = helper.make_graph(self._nodes, self._name, self._inputs, outputs, self._constants)
        model = helper.make_model(
            graph,
            producer_name="nightrounds",
            producer_version=self._version,
            ir_version=_IR_VERSION,
            opset_imports=[helper.make_opsetid("", _OPSET)],
        )
        onnx.checker.check_model(model)
        content: bytes = model.SerializeToString(deterministic=True)
        return content

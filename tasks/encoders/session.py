"""Opens a graph in onnxruntime."""

from __future__ import annotations

from typing import Any

_ERRORS_ONLY = 3


def open_session(graph: bytes, threads: int) -> Any:
    """An `onnxruntime.InferenceSession` on the CPU with `threads` threads, which logs errors only."""
    import onnxruntime

    onnxruntime.set_default_logger_severity(_ERRORS_ONLY)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = _ERRORS_ONLY
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    # Idle threads must sleep: a worker that spins steals the core of its neighbour.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    # Batches differ in length; a plan of memory per shape would be kept for each of them.
    options.enable_mem_pattern = False
    return onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])

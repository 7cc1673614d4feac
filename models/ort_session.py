"""ONNX Runtime at its best settings, and inputs for it."""

import numpy as np
import onnxruntime


def open_session(path, threads):
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3  # errors only
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def random_inputs(session, batch, seed):
    """{name: float32 array, standard normal}; every symbolic dimension becomes `batch`."""
    rng = np.random.default_rng(seed)
    inputs = {}
    for value in session.get_inputs():
        if value.type != "tensor(float)":
            raise TypeError(f"input {value.name} is {value.type}; only float inputs are made up")
        shape = [dim if isinstance(dim, int) else batch for dim in value.shape]
        inputs[value.name] = rng.standard_normal(shape, dtype=np.float32)
    return inputs


def run(session, inputs):
    """{output name: array}."""
    names = [value.name for value in session.get_outputs()]
    return dict(zip(names, session.run(names, inputs)))

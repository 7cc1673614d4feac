"""One way to write a PyTorch module as ONNX with its batch normalization still in it."""

import collections
import os
import warnings

import onnx
import torch


def export(model, example, path, input_names, output_name, opset):
    """Writes `model` to `path` with a dynamic batch axis N; returns {operator: count}.

    `example` and `input_names` are one tensor and its name, or as many of both as there are inputs.

    The exporter folds BatchNormalization into convolutions in its own inference mode, so the module
    is put in eval mode and exported with PRESERVE. Raises if a BatchNormalization went missing.
    """
    model.eval()
    input_names = [input_names] if isinstance(input_names, str) else input_names
    warnings.filterwarnings("ignore", message="The shape inference of prim::Constant")
    partial = f"{path}.partial"  # a failed export leaves no half model under the real name
    torch.onnx.export(
        model,
        example,
        partial,
        input_names=input_names,
        output_names=[output_name],
        dynamic_axes={name: {0: "N"} for name in [*input_names, output_name]},
        opset_version=opset,
        training=torch.onnx.TrainingMode.PRESERVE,
        do_constant_folding=False,
    )
    ops = op_histogram(partial)
    expected = sum(isinstance(m, torch.nn.BatchNorm2d) for m in model.modules())
    found = ops["BatchNormalization"]
    if found != expected:
        raise RuntimeError(f"{path}: {found} BatchNormalization nodes, the module has {expected}")
    os.replace(partial, path)
    return ops


def op_histogram(path):
    """{operator: count} over the top-level nodes of an .onnx file."""
    model = onnx.load(path)
    onnx.checker.check_model(model)
    return collections.Counter(node.op_type for node in model.graph.node)

"""One way to write a PyTorch module as ONNX with its batch normalization still in it."""

import collections
import os
import warnings

import onnx
import torch


def export(model, example, path, input_name, output_name, opset):
    """Writes `model` to `path` with a dynamic batch axis N; returns {operator: count}.

    The exporter folds BatchNormalization into convolutions in its own inference mode, so the module
    is put in eval mode and exported with PRESERVE. Raises if a BatchNormalization went missing.
    """
    model.eval()
    warnings.filterwarnings("ignore", message="The shape inference of prim::Constant")
    partial = f"{path}.partial"  # a failed export leaves no half model under the real name
    torch.onnx.export(
        model,
        example,
        partial,
        input_names=[input_name],
        output_names=[output_name],
        dynamic_axes={input_name: {0: "N"}, output_name: {0: "N"}},
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

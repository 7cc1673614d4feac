"""Tools that fold batch normalization: each function takes a .onnx and gives a Folded."""

import dataclasses
import importlib.metadata
import json
import pathlib
import subprocess
import tempfile
import typing

import numpy as np
import onnx
import onnx.inliner
import onnx.reference
import onnxruntime

# What is left of a normalization that was not folded, in ONNX's words and in OpenVINO's.
AFFINE = ("BatchNormalization", "BatchNormInference", "Mul", "Multiply", "Div", "Divide", "Sub",
          "Subtract")


@dataclasses.dataclass
class Folded:
    operators: list  # types of the nodes on the way of the data
    finite: bool  # whether all stored weights are
    run: typing.Callable  # {input: array} -> [array]

    def affine(self):
        return sum(name in AFFINE for name in self.operators)

    def batchnorms(self):
        return sum(name.startswith("BatchNorm") for name in self.operators)


def run_model(model, inputs, binary):
    """By ONNX Runtime with every optimisation off; what that lacks (float16 and double
    convolutions), by ONNX's reference implementation. Neither knows how operators broadcast before
    opset 7, nor does ONNX's converter: such models are run by Keel, unoptimised and strict."""
    if next(o.version for o in model.opset_import if o.domain == "") < 7:
        return run_by_keel(model, inputs, binary)
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 4
    try:
        session = onnxruntime.InferenceSession(
            model.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )
    except Exception:  # pylint: disable=broad-except; its errors share no base
        return onnx.reference.ReferenceEvaluator(model).run(None, inputs)
    return session.run(None, inputs)


def run_by_keel(model, inputs, binary):
    with tempfile.TemporaryDirectory() as folder:
        onnx.save(model, f"{folder}/m.onnx")
        command = [binary, "run", f"{folder}/m.onnx", "-q"]
        command += ["--opt", "none", "--precision", "strict"]
        for name, array in inputs.items():
            np.save(f"{folder}/{name}.npy", array)
            command += ["-i", f"{name}={folder}/{name}.npy"]
        subprocess.run([*command, "--save-outputs", f"{folder}/out.npz"], check=True,
                       capture_output=True)
        with np.load(f"{folder}/out.npz") as arrays:
            return [arrays[value.name] for value in model.graph.output]


def on_data_path(graph, data=frozenset()):
    """The nodes that depend on an input, or on a value of the graph around that is in `data`: what
    is computed from weights alone costs nothing in a runtime, and onnxoptimizer leaves its folding
    to the runtime in that form. Nodes of bodies stand behind the node they are in."""
    weights = {tensor.name for tensor in graph.initializer}
    data = set(data) | ({value.name for value in graph.input} - weights)
    nodes = []
    for node in graph.node:
        bodies = [attribute.g for attribute in node.attribute if attribute.HasField("g")]
        if bodies or data.intersection(node.input):
            data.update(node.output)
            nodes.append(node)
        for body in bodies:
            nodes += on_data_path(body, data)
    return nodes


def all_finite(arrays):
    floats = (array for array in arrays if np.issubdtype(array.dtype, np.floating))
    return all(np.isfinite(array).all() for array in floats)


def of_onnx(model, binary):
    """A Folded of a model that is still ONNX."""
    if not isinstance(model, onnx.ModelProto):
        model = onnx.load(model)
    arrays = map(onnx.numpy_helper.to_array, model.graph.initializer)
    inlined = onnx.inliner.inline_local_functions(model) if model.functions else model
    return Folded(
        [node.op_type for node in on_data_path(inlined.graph)],
        all_finite(arrays),
        lambda inputs: run_model(model, inputs, binary),
    )


def onnxruntime_folds(path, folder, binary):
    """The offline optimisation, without what is specific to this CPU."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
    options.optimized_model_filepath = str(folder / "out.onnx")
    options.log_severity_level = 4
    onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    return of_onnx(folder / "out.onnx", binary)


def onnxsim_folds(path, folder, binary):
    del folder
    import onnxsim  # pylint: disable=import-outside-toplevel

    model, good = onnxsim.simplify(onnx.load(path))
    if not good:
        raise RuntimeError("onnxsim's own check fails")
    return of_onnx(model, binary)


def onnxslim_folds(path, folder, binary):
    del folder
    import onnxslim  # pylint: disable=import-outside-toplevel

    return of_onnx(onnxslim.slim(onnx.load(path)), binary)


def onnxoptimizer_folds(path, folder, binary):
    del folder
    import onnxoptimizer  # pylint: disable=import-outside-toplevel

    return of_onnx(onnxoptimizer.optimize(onnx.load(path), None, True), binary)


def openvino_nodes(model):
    """Those of bodies behind the node they are in."""
    nodes = []
    for node in model.get_ordered_ops():
        nodes.append(node)
        bodies = {"If": 2, "Loop": 1, "TensorIterator": 1}.get(node.get_type_name(), 0)
        for i in range(bodies):
            body = node.get_function(i) if bodies > 1 else node.get_function()
            nodes += openvino_nodes(body)
    return nodes


def openvino_folds(path, folder, binary):
    """Its graph after the transformations that every device gets; run by the CPU plugin."""
    del folder, binary
    import openvino  # pylint: disable=import-outside-toplevel
    from openvino._offline_transformations import (  # pylint: disable=import-outside-toplevel
        apply_moc_transformations,
    )

    core = openvino.Core()
    model = core.read_model(path)
    apply_moc_transformations(model, cf=True, smart_reshape=False)
    nodes = openvino_nodes(model)
    operators = [node.get_type_name() for node in nodes]
    finite = all_finite(n.get_data() for n in nodes if n.get_type_name() == "Constant")
    settings = {"INFERENCE_PRECISION_HINT": "f32"}

    def run(inputs):
        results = core.compile_model(core.read_model(path), "CPU", settings)(inputs)
        return [results[i] for i in range(len(results))]

    return Folded(operators, finite, run)


def keel_folds(path, folder, binary, inputs):
    """Verified by `keel fold` itself on the fixture's inputs where it can run them."""
    out = folder / "out.onnx"
    command = [binary, "fold", str(path), "-o", str(out), "-q"]
    if inputs is None:
        command += ["--verify", "0"]
        inputs = {}
    for name, file in inputs.items():
        command += ["-i", f"{name}={file}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError((done.stderr.strip().splitlines() or ["no word"])[-1])
    return of_onnx(out, binary)


FOLDERS = {
    "onnxruntime": ("ONNX Runtime", onnxruntime_folds),
    "onnxsim": ("onnxsim", onnxsim_folds),
    "onnxslim": ("onnxslim", onnxslim_folds),
    "onnxoptimizer": ("onnxoptimizer", onnxoptimizer_folds),
    "openvino": ("OpenVINO", openvino_folds),
    "keel": ("Keel", keel_folds),
}


def version(name, binary):
    if name != "keel":
        return importlib.metadata.version(name)
    said = subprocess.run([binary, "--version"], capture_output=True, text=True, check=True)
    return said.stdout.strip()


@dataclasses.dataclass(frozen=True)
class Fixture:
    """What tests/fold_fixtures wrote of one pattern."""

    path: pathlib.Path
    about: dict

    @staticmethod
    def all_of(folder):
        """Without those in bfloat16, which hardly any tool can be given."""
        names = json.loads((folder / "index.json").read_text())
        fixtures = [
            Fixture(folder / f"{n}.onnx", json.loads((folder / f"{n}.json").read_text()))
            for n in names
        ]
        return [fixture for fixture in fixtures if not fixture.has_type("bfloat16")]

    @property
    def name(self):
        return self.about["name"]

    @property
    def foldable(self):
        """Whether every normalization in it can be folded."""
        records = self.about["records"]
        return bool(records) and all(record["status"] == "folded" for record in records)

    def has_type(self, name):
        return any(entry["type"] == name for entry in self.about["inputs"].values())

    def input_files(self):
        return {n: self.path.with_suffix("") / f"{n}.pb" for n in self.about["inputs"]}

    def inputs(self):
        arrays = {}
        for name, file in self.input_files().items():
            tensor = onnx.TensorProto()
            tensor.ParseFromString(file.read_bytes())
            arrays[name] = np.array(onnx.numpy_helper.to_array(tensor))  # some tools write
        return arrays

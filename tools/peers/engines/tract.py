"""tract; its Python package runs on one thread and offers no other number."""

import importlib.metadata

import tract

TITLE = "tract"
SETTINGS = "concrete shapes, into_runnable (its optimised form)"


def version():
    return importlib.metadata.version("tract")


def unsupported(job):
    if job.precision == "bf16":
        return "no bf16"
    if job.threads != 1:
        return "the Python package runs on one thread only"
    return None


def convert(job):
    return job.model


class Engine:
    def __init__(self, path, job, inputs):
        del job
        model = tract.onnx().load(path)
        arrays = list(inputs.values())
        for i, array in enumerate(arrays):
            model.set_input_fact(i, ",".join([*map(str, array.shape), "f32"]))
        self.runnable = model.into_model().into_runnable()
        self.arrays = [tract.Tensor.from_numpy(array) for array in arrays]
        self.results = []

    def run(self):
        self.results = self.runnable.run(self.arrays)

    def outputs(self):
        return [tensor.to_numpy() for tensor in self.results]

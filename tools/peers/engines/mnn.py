"""MNN, on a model converted beforehand for the shapes."""

import os

import MNN
import numpy as np

TITLE = "MNN"
SETTINGS = "precision high for fp32, low for bf16; numThread; converted for speed (optimizePrefer 2)"


def version():
    return MNN.version()


def unsupported(job):
    del job


def convert(job):
    """Calls the converter's own module: the command mnnconvert around it reports to a server, and
    installs a package for that."""
    path = job.converted(".mnn")
    if not path.is_file():
        import _tools  # pylint: disable=import-outside-toplevel

        batch = next(iter(job.inputs().values())).shape[0]
        made = path.with_suffix(".part")
        command = ["MNNConvert", "-f", "ONNX", "--modelFile", job.model, "--MNNModel", str(made)]
        command += ["--bizCode", "keel", "--optimizePrefer", "2", "--batch", str(batch)]
        _tools.mnnconvert(command)
        if not made.is_file():
            raise RuntimeError("MNN's converter made no model")
        os.replace(made, path)
    return str(path)


class Engine:
    def __init__(self, path, job, inputs):
        self.net = MNN.Interpreter(path)
        precision = "high" if job.precision == "fp32" else "low"
        self.session = self.net.createSession(
            {"backend": "CPU", "numThread": job.threads, "precision": precision}
        )
        self.names = job.outputs
        for name, array in inputs.items():
            tensor = self.net.getSessionInput(self.session, name)
            if tuple(tensor.getShape()) != array.shape:
                self.net.resizeTensor(tensor, array.shape)
                self.net.resizeSession(self.session)
            tensor.copyFrom(self._host(array))

    @staticmethod
    def _host(array):
        return MNN.Tensor(
            array.shape, MNN.Halide_Type_Float, array, MNN.Tensor_DimensionType_Caffe
        )

    def run(self):
        self.net.runSession(self.session)

    def outputs(self):
        arrays = []
        for name in self.names:
            tensor = self.net.getSessionOutput(self.session, name)
            host = self._host(np.zeros(tensor.getShape(), np.float32))
            tensor.copyToHostTensor(host)
            arrays.append(np.array(host.getNumpyData()).reshape(tensor.getShape()))
        return arrays

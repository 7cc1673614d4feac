"""OpenVINO's CPU plugin."""

import openvino

TITLE = "OpenVINO"
SETTINGS = (
    "latency hint, one stream, INFERENCE_NUM_THREADS, no pinning, static shapes; precision hint f32 "
    "for fp32 (the default on a CPU with bf16 would be bf16)"
)


def version():
    return openvino.__version__.split("-")[0]


def unsupported(job):
    del job


def convert(job):
    return job.model


class Engine:
    def __init__(self, path, job, inputs):
        core = openvino.Core()
        model = core.read_model(path)
        self.inputs = inputs
        model.reshape({name: array.shape for name, array in self.inputs.items()})
        settings = {
            "PERFORMANCE_HINT": "LATENCY",
            "NUM_STREAMS": "1",
            "INFERENCE_NUM_THREADS": str(job.threads),
            # Nobody else pins threads either; pinned ones lose when anything else runs.
            "ENABLE_CPU_PINNING": False,
            "INFERENCE_PRECISION_HINT": "f32" if job.precision == "fp32" else "bf16",
        }
        self.request = core.compile_model(model, "CPU", settings).create_infer_request()
        # The tensors keep the arrays' memory: nothing is copied per run.
        for name, array in self.inputs.items():
            self.request.set_tensor(name, openvino.Tensor(array, shared_memory=True))
        self.names = job.outputs

    def run(self):
        self.request.infer()

    def outputs(self):
        return [self.request.get_tensor(name).data.copy() for name in self.names]

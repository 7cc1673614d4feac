"""ONNX Runtime's CPU provider, on memory bound beforehand."""

import onnxruntime

TITLE = "ONNX Runtime"
SETTINGS = (
    "all graph optimizations, sequential execution, intra-op threads, static shapes, IOBinding; fp32 "
    "for bf16 too, which it does not have on x86"
)


def version():
    return onnxruntime.__version__


def unsupported(job):
    del job


def convert(job):
    return job.model


class Engine:
    def __init__(self, path, job, inputs):
        options = onnxruntime.SessionOptions()
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
        options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
        options.intra_op_num_threads = job.threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3  # errors only
        for batch in {array.shape[0] for array in inputs.values()}:
            options.add_free_dimension_override_by_name("N", batch)
        self.session = onnxruntime.InferenceSession(
            path, options, providers=["CPUExecutionProvider"]
        )
        self.binding = self.session.io_binding()
        for name, array in inputs.items():
            self.binding.bind_cpu_input(name, array)
        for value in self.session.get_outputs():
            self.binding.bind_output(value.name)

    def run(self):
        self.session.run_with_iobinding(self.binding)

    def outputs(self):
        return self.binding.copy_outputs_to_cpu()

"""One file an engine. Each has

    TITLE                        its name in tables
    version()                    of the installed package
    SETTINGS                     a sentence: what it is told
    unsupported(job)             why it cannot do this job at all, or None
    convert(job)                 the file it loads: the .onnx itself, or what its converter makes
    Engine(path, job, inputs)    loads, for those arrays by name; .run() does one run;
                                 .outputs() -> arrays of the last run, in the model's order

Keel is not among them: `keel bench --serve` speaks the worker's protocol by itself.
"""

import importlib

NAMES = ["onnxruntime", "openvino", "mnn", "ncnn", "tract"]


def get(name):
    if name not in NAMES:
        raise ValueError(f"no engine '{name}'; there are {', '.join(NAMES)}")
    return importlib.import_module(f"engines.{name}")

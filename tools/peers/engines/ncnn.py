"""ncnn, on a model converted beforehand by pnnx for the shapes."""

import importlib.metadata
import importlib.util
import os
import pathlib
import shutil
import subprocess
import tempfile

import ncnn
import numpy as np

TITLE = "ncnn"
SETTINGS = (
    "Winograd, sgemm and packed layouts; 16-bit storage and arithmetic off for fp32, bf16 storage "
    "on for bf16; num_threads; a batch is run image by image, since ncnn has no batch"
)


def version():
    return importlib.metadata.version("ncnn")


def unsupported(job):
    del job


def convert(job):
    """The .param; the .bin lies beside it."""
    path = job.converted(".ncnn.param")
    if path.is_file():
        return str(path)
    # find_spec: importing pnnx would import PyTorch.
    pnnx = pathlib.Path(importlib.util.find_spec("pnnx").origin).parent / "pnnx"
    shapes = ",".join(
        "[" + ",".join(map(str, (1, *array.shape[1:]))) + "]" for array in job.inputs().values()
    )
    with tempfile.TemporaryDirectory(dir=job.cache) as folder:
        folder = pathlib.Path(folder)
        shutil.copy(job.model, folder / "m.onnx")  # pnnx writes beside its input
        done = subprocess.run(
            [str(pnnx), "m.onnx", f"inputshape={shapes}", "fp16=0"],
            cwd=folder, capture_output=True, text=True, check=False,
        )
        if done.returncode != 0 or not (folder / "m.ncnn.param").is_file():
            said = (done.stdout + done.stderr).strip().splitlines() or ["(nothing)"]
            raise RuntimeError(f"pnnx: exit {done.returncode}: {said[-1]}")
        os.replace(folder / "m.ncnn.bin", path.with_suffix(".bin"))
        os.replace(folder / "m.ncnn.param", path)
    return str(path)


class Engine:
    def __init__(self, path, job, inputs):
        self.net = ncnn.Net()
        options = self.net.opt
        options.num_threads = job.threads
        options.use_winograd_convolution = options.use_sgemm_convolution = True
        options.use_packing_layout = True
        options.use_fp16_packed = options.use_fp16_storage = options.use_fp16_arithmetic = False
        options.use_bf16_storage = job.precision == "bf16"
        if self.net.load_param(path) != 0:
            raise RuntimeError("ncnn cannot read the .param: a layer it does not have")
        if self.net.load_model(str(pathlib.Path(path).with_suffix(".bin"))) != 0:
            raise RuntimeError("ncnn cannot read the .bin")
        arrays = list(inputs.values())
        self.arrays = arrays  # the Mats borrow their memory
        # images[i][j]: input j of image i.
        self.images = [
            [ncnn.Mat(array[i]) for array in arrays] for i in range(arrays[0].shape[0])
        ]
        self.output_count = len(job.outputs)
        self.results = []

    def run(self):
        self.results = [self._one(image) for image in self.images]

    def _one(self, mats):
        extractor = self.net.create_extractor()
        for j, mat in enumerate(mats):
            extractor.input(f"in{j}", mat)
        outputs = []
        for j in range(self.output_count):
            status, mat = extractor.extract(f"out{j}")
            if status != 0:
                raise RuntimeError(f"ncnn: extract: {status}")
            outputs.append(mat)
        return outputs

    def outputs(self):
        by_image = [[np.array(mat) for mat in mats] for mats in self.results]
        return [np.stack([image[j] for image in by_image]) for j in range(self.output_count)]

"""What is measured: one model on one input, threads and precision. Travels as JSON."""

import dataclasses
import json
import pathlib

import numpy as np


@dataclasses.dataclass(frozen=True)
class Job:
    model: str  # the .onnx
    inputs_file: str  # .npz, by input name, in the model's order
    outputs: tuple  # names of the model's outputs, in its order
    threads: int
    precision: str  # fp32 or bf16
    cache: str  # folder for converted models

    def inputs(self):
        with np.load(self.inputs_file) as arrays:
            return {name: np.ascontiguousarray(arrays[name]) for name in arrays.files}

    def converted(self, extension):
        """Where a converter puts this model for these shapes: one file a shape."""
        shapes = "_".join("x".join(map(str, array.shape)) for array in self.inputs().values())
        return pathlib.Path(self.cache) / f"{pathlib.Path(self.model).stem}_{shapes}{extension}"

    def to_json(self):
        return json.dumps(dataclasses.asdict(self))

    @staticmethod
    def from_json(text):
        fields = json.loads(text)
        return Job(**{**fields, "outputs": tuple(fields["outputs"])})

"""Which .onnx a name on the command line means."""

import pathlib

DIGITS = pathlib.Path(__file__).resolve().parent / "digits.onnx"


def find_models(zoo, names):
    """{name: path} of `names`, or of every model in the folder `zoo` and the digits; may raise
    FileNotFoundError."""
    if not names:
        names = ["digits"] + sorted(path.stem for path in zoo.glob("*.onnx"))
    models = {name: DIGITS if name == "digits" else zoo / f"{name}.onnx" for name in names}
    for path in models.values():
        if not path.is_file():
            raise FileNotFoundError(f"no model {path}")
    return models

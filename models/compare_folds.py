#!/usr/bin/env python3
"""Folds small models with `keel fold` and runs them in ONNX Runtime, before and after.

DIR holds what the program fold_fixtures wrote: models, inputs and what is expected of each. ONNX
Runtime runs both with every optimisation off, and both with all of them on. The exit status is 1 if
`keel fold` fails on a model, if ONNX Runtime cannot load a folded model whose original it runs, or
if outputs are further apart than the bound (NME: max |y - r| / max |r|).
"""

import argparse
import collections
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

import numpy as np
import onnx
import onnxruntime

TIMEOUT_S = 60
LEVELS = onnxruntime.GraphOptimizationLevel
BOUND = 1e-5


def arrays_of(folder, about):
    """{input: array}"""
    arrays = {}
    for name in about["inputs"]:
        tensor = onnx.TensorProto()
        tensor.ParseFromString((folder / about["name"] / f"{name}.pb").read_bytes())
        arrays[name] = onnx.numpy_helper.to_array(tensor)
    return arrays


def run(path, inputs, level):
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = level
    options.log_severity_level = 4
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        str(path), options, providers=["CPUExecutionProvider"]
    )
    return session.run(None, inputs)


def fold(keel, path, out, folder, about):
    """Raises RuntimeError. What Keel can run is verified by it on the same inputs."""
    command = [keel, "fold", str(path), "-o", str(out), "-q"]
    if about["foreign"] or not about["runnable"]:
        command += ["--verify", "0"]
    for name in about["inputs"]:
        command += ["-i", f"{name}={folder / about['name'] / f'{name}.pb'}"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
    if done.returncode != 0:
        said = done.stderr.strip().splitlines() or ["(nothing on stderr)"]
        raise RuntimeError(f"keel fold: exit {done.returncode}: {said[-1]}")


def nme(got, expected):
    worst = 0.0
    for y, r in zip(got, expected):
        if y.shape != r.shape or not np.isfinite(y.astype(np.float64)).all():
            return float("inf")
        y, r = y.astype(np.float64), r.astype(np.float64)
        worst = max(worst, float(np.abs(y - r).max() / (np.abs(r).max() or 1.0)) if r.size else 0.0)
    return worst


def first_line(error):
    return str(error).strip().splitlines()[0]


def compare(keel, folder, name):
    """(answer, NME or a reason)"""
    about = json.loads((folder / f"{name}.json").read_text())
    original = folder / f"{name}.onnx"
    with tempfile.TemporaryDirectory(prefix="keel-folds-") as scratch:
        out = pathlib.Path(scratch) / "folded.onnx"
        try:
            fold(keel, original, out, folder, about)
        except (RuntimeError, subprocess.TimeoutExpired) as error:
            return "FAILS", str(error)
        if not about["runnable"]:
            return "no inference", about["about"]
        inputs = arrays_of(folder, about)
        error = 0.0
        for level in (LEVELS.ORT_DISABLE_ALL, LEVELS.ORT_ENABLE_ALL):
            try:
                expected = run(original, inputs, level)
            except Exception as failure:  # pylint: disable=broad-except; its errors share no base
                return "not in ONNX Runtime", first_line(failure)
            try:
                error = max(error, nme(run(out, inputs, level), expected))
            except Exception as failure:  # pylint: disable=broad-except
                return "FAILS", first_line(failure)
    # Half types carry what the fixture says, for both sides are rounded.
    half = any(entry["type"].endswith("float16") for entry in about["inputs"].values())
    bound = 5 * about["tolerance"] if half else BOUND
    return ("DIFFERS" if error > bound else "agrees in float16" if half else "agrees"), error


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--keel", required=True, metavar="BINARY")
    parser.add_argument("--fixtures", required=True, type=pathlib.Path, metavar="DIR")
    parser.add_argument("names", nargs="*", help="all that DIR/index.json lists, if none is given")
    args = parser.parse_args()
    if shutil.which(args.keel) is None:
        parser.error(f"cannot run {args.keel}")
    names = args.names or json.loads((args.fixtures / "index.json").read_text())
    count, worst = collections.Counter(), (0.0, "")
    for name in names:
        answer, detail = compare(args.keel, args.fixtures, name)
        count[answer] += 1
        if answer == "agrees":
            worst = max(worst, (detail, name))
        else:
            print(f"{name:32} {answer}: {detail}", flush=True)
    said = ", ".join(f"{number} {answer}" for answer, number in count.most_common())
    print(
        f"ONNX Runtime {onnxruntime.__version__}, {len(names)} models: {said}; the largest NME is"
        f" {worst[0]:.1e} ({worst[1]})"
    )
    return 1 if count["FAILS"] or count["DIFFERS"] or not count["agrees"] else 0


if __name__ == "__main__":
    sys.exit(main())

"""compare_folds, inside the environment of the peers.

Every tool gets every model of tests/fold_fixtures. For each the answer is one of

  folded   nothing of the normalization is left, and the outputs are those of the original
  kept     it is still there, or became nodes of its own; the outputs are right
  WRONG    the outputs differ, or a normalization vanished that must not (training, bad variance)
  fails    the tool raised an error, crashed, or made a model that does not run

Outputs are computed by ONNX Runtime with every optimisation off, by ONNX's reference
implementation where that cannot, below opset 7 by Keel; those of OpenVINO by OpenVINO.
"""

import argparse
import collections
import contextlib
import json
import os
import pathlib
import shutil
import signal
import sys
import tempfile

import numpy as np
import onnx

import folders

TIMEOUT_S = 60
# NME. All of this is computed in float, and a quotient of the fixtures magnifies its rounding; what
# is really wrong is off by a tenth and more.
LEAST_BOUND = 1e-3


def nme(y, r):
    if y.size != r.size or not np.isfinite(y.astype(np.float64)).all():
        return float("inf")
    y, r = y.reshape(r.shape).astype(np.float64), r.astype(np.float64)
    return float(np.abs(y - r).max() / (np.abs(r).max() or 1.0)) if r.size else 0.0


def judge(fixture, folded, least, binary):
    """The answer for one model. least: nodes of affine maps that Keel leaves."""
    if not fixture.about["runnable"]:
        # No result to compare: the normalization must simply still be there.
        if folded.batchnorms() >= fixture.about["batchnorm_after"]:
            return "kept"
        return "WRONG: it is gone" if folded.finite else "WRONG: weights are not finite"
    inputs = fixture.inputs()
    expected = folders.run_model(onnx.load(fixture.path), inputs, binary)
    bound = max(LEAST_BOUND, 10 * fixture.about["tolerance"])
    error = max(nme(y, r) for y, r in zip(folded.run(inputs), expected))
    if error > bound:
        return f"WRONG: NME {error:.1e}"
    return "folded" if folded.affine() <= least else "kept"


def with_output_shapes(path, to):
    """The same model with the shapes of its outputs, without which some tools refuse a model."""
    model = onnx.load(path)
    with contextlib.suppress(Exception):  # what cannot be inferred stays as it is
        model = onnx.shape_inference.infer_shapes(model)
    for output in model.graph.output:
        if not output.type.tensor_type.HasField("shape"):
            output.type.tensor_type.shape.CopyFrom(model.graph.input[0].type.tensor_type.shape)
            for dim in output.type.tensor_type.shape.dim:
                dim.Clear()
    onnx.save(model, to)
    return to


def ask(name, fixture, least, args):
    """(answer, nodes of affine maps left) of one tool for one model."""
    with tempfile.TemporaryDirectory(prefix="keel-folds-") as folder:
        function = folders.FOLDERS[name][1]
        proved = fixture.about["runnable"] and not fixture.about["foreign"]
        files = fixture.input_files() if proved else None
        extra = [files] if name == "keel" else []
        try:
            path = with_output_shapes(fixture.path, pathlib.Path(folder) / "in.onnx")
            folded = function(path, pathlib.Path(folder), args.keel, *extra)
            if name == "keel":
                least = folded.affine()
            answer = judge(fixture, folded, least, args.keel)
            return answer, folded.affine()
        except BaseException as error:  # pylint: disable=broad-except; whatever a tool throws
            said = (str(error).strip().splitlines() or [""])[-1]
            return f"fails: {type(error).__name__}: {said}"[:300], None


def in_a_child(function, *arguments):
    """Its result, from a forked process: tools crash."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        signal.alarm(TIMEOUT_S)
        with open(os.devnull, "w") as null:
            os.dup2(null.fileno(), 1)
            os.dup2(null.fileno(), 2)
        os.write(writer, json.dumps(function(*arguments)).encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        text = pipe.read()
    status = os.waitpid(child, 0)[1]
    return tuple(json.loads(text)) if text else (f"fails: status {status}", None)


def compare(args):
    """{fixture: {tool: answer}}"""
    names = [name for name in folders.FOLDERS if name != "keel"]
    answers = {}
    for fixture in folders.Fixture.all_of(args.fixtures):
        row = {}
        row["keel"], least = in_a_child(ask, "keel", fixture, 0, args)
        for name in names:
            row[name] = in_a_child(ask, name, fixture, least or 0, args)[0]
        answers[fixture.name] = row
        print(f"{fixture.name:32}", *(f"{row[n][:6]:>8}" for n in folders.FOLDERS), flush=True)
    return answers


def group_of(fixture):
    """The rows of the table in short."""
    if not fixture.about["runnable"]:
        return "training, bad variances, overflow"
    if not fixture.foldable:
        return "what can only stay, or go in part"
    rows = {
        "conv_transpose": "ConvTranspose → BN",
        "gemm": "Gemm → BN",
        "matmul": "MatMul (→ Add) → BN",
        "bn_": "BN → Conv, Gemm, MatMul, BN",
        "concat": "Concat → BN",
        "opset": "BN of opsets 1 to 15",
        "quantised": "DequantizeLinear → Conv → BN",
        "if_": "in If, Loop, Scan, functions",
        "loop_": "in If, Loop, Scan, functions",
        "scan_": "in If, Loop, Scan, functions",
        "local_": "in If, Loop, Scan, functions",
    }
    chains = ("conv_mul", "conv_sub", "const_", "conv_scalar", "conv_bias_times", "mul_add_conv")
    chains += ("matmul_mul", "conv_add", "conv_bn", "affine_chain")
    between = ("conv_transposed", "conv_pool", "conv_average", "conv_reduce", "conv_max")
    between += ("conv_pad", "conv_relu", "conv_leaky", "gemm_unsqueeze", "gemm_reshape")
    between += ("matmul_transpose",)
    name = fixture.name
    if name.startswith(between):
        return "through Transpose, Reshape, pools, Pad, activations"
    if name.startswith(chains):
        return "chains of Add, Sub, Mul, Div"
    return next((row for start, row in rows.items() if name.startswith(start)), "Conv → BN")


def markdown(answers, args):
    fixtures = folders.Fixture.all_of(args.fixtures)
    names = list(folders.FOLDERS)
    titles = [f"{folders.FOLDERS[n][0]} {folders.version(n, args.keel)}" for n in names]
    lines = [f"| models | | {' | '.join(titles)} |", "| --- | ---: |" + " --- |" * len(names)]
    groups = collections.defaultdict(list)
    for fixture in fixtures:
        groups[group_of(fixture)].append(fixture)
    for group, members in groups.items():
        cells = [cell([answers[f.name][n] for f in members], members[0].foldable) for n in names]
        lines.append(f"| {group} | {len(members)} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def cell(answers, foldable):
    """Such as "9 folded, 2 WRONG"; of models that are not to be folded only what goes wrong."""
    count = collections.Counter(answer.split(":")[0] for answer in answers)
    right = count["folded"] if foldable else count["folded"] + count["kept"]
    parts = [f"{right}"]
    if count["WRONG"]:
        parts.append(f"**{count['WRONG']} wrong**")
    if count["fails"]:
        parts.append(f"{count['fails']} fail")
    return ", ".join(parts)


def main():
    root = pathlib.Path(__file__).resolve().parents[2]
    parser = argparse.ArgumentParser(
        prog="compare_folds",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--keel", default=str(root / "build/release/bin/keel"), metavar="BINARY")
    parser.add_argument("--fixtures", required=True, type=pathlib.Path, metavar="DIR",
                        help="what the program fold_fixtures wrote")
    parser.add_argument("--markdown", type=pathlib.Path, metavar="FILE")
    parser.add_argument("-o", "--output", type=pathlib.Path, metavar="FILE", help="JSON")
    args = parser.parse_args()
    if shutil.which(args.keel) is None:
        parser.error(f"cannot run {args.keel}: build it, or name it with --keel")
    for name in ("onnxruntime", "onnxsim", "onnxslim", "onnxoptimizer", "openvino"):
        with contextlib.suppress(ImportError):  # once, here, and not in every child
            __import__(name)
    answers = compare(args)
    if args.output:
        report = {"schema": "keel.folds/1", "answers": answers}
        args.output.write_text(json.dumps(report, indent=1) + "\n")
    table = markdown(answers, args)
    print(table)
    if args.markdown:
        args.markdown.write_text(table)
    ours = [row["keel"] for row in answers.values()]
    return 1 if any(answer.startswith(("WRONG", "fails")) for answer in ours) else 0


if __name__ == "__main__":
    sys.exit(main())

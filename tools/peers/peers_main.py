"""compare_peers, inside the environment of the peers.

Every engine runs every model, in a process of its own, on the same inputs and the same number of
threads; all are checked against ONNX Runtime's outputs. Absolute times move with the machine: only
ratios of one run are worth keeping, and only from an idle machine.
"""

import argparse
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

import numpy as np
import onnx

import chart
import engines
import job as jobs
import measure
import report
import worker_process

ROOT = pathlib.Path(__file__).resolve().parents[2]


def make_job(path, batch, threads, precision, folder, cache):
    """Random inputs, standard normal, the same on every call; a symbolic dimension is `batch`."""
    graph = onnx.load(path, load_external_data=False).graph
    constants = {tensor.name for tensor in graph.initializer}
    rng = np.random.default_rng(0)
    inputs = {}
    for value in graph.input:
        if value.name in constants:
            continue
        tensor = value.type.tensor_type
        if tensor.elem_type != onnx.TensorProto.FLOAT:
            sys.exit(f"compare_peers: {path}: input {value.name}: only float inputs are made up")
        shape = [dim.dim_value or batch for dim in tensor.shape.dim]
        inputs[value.name] = rng.standard_normal(shape, dtype=np.float32)
    file = folder / f"{path.stem}_{batch}.npz"
    np.savez(file, **inputs)
    outputs = tuple(value.name for value in graph.output)
    return jobs.Job(str(path), str(file), outputs, threads, precision, str(cache))


def command_of(name, job, binary):
    """What starts the engine on the job, which is converted for it first."""
    if name == "keel":
        return worker_process.keel_command(binary, job)
    why = engines.get(name).unsupported(job)
    if why:
        raise worker_process.Failure(why)
    worker_process.convert(name, job)
    return worker_process.peer_command(name, job)


def compare(path, batch, threads, args, folder):
    job = make_job(path, batch, threads, args.precision, folder, args.cache)
    path.read_bytes()  # nobody's load time is the disk's
    commands, results = {}, {}
    for name in ["keel", *args.engines]:
        results[name] = {}
        try:
            commands[name] = command_of(name, job, args.keel)
        except worker_process.Failure as failure:
            results[name]["failed"] = str(failure)
    contest = measure.Contest(commands, results, measure.MAX_NME[args.precision], args.lock)
    try:
        contest.start(args.starts)
        contest.check(folder)
        contest.run(args.rounds, args.burst)
    finally:
        contest.close()
    return report.point(path.stem, batch, threads, results)


def parse_arguments():
    parser = argparse.ArgumentParser(prog="compare_peers", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keel", default=str(ROOT / "build/release/bin/keel"), metavar="BINARY")
    parser.add_argument("--zoo", default=ROOT / "out/zoo", type=pathlib.Path, metavar="DIR")
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--batch", default="1")
    parser.add_argument("--precision", default="fp32", choices=("fp32", "bf16"))
    parser.add_argument("--engines", default=",".join(engines.NAMES))
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--burst", type=float, default=0.4, help="seconds an engine a round")
    parser.add_argument("--starts", type=int, default=3, help="fresh processes an engine, for load")
    parser.add_argument("--lock", type=pathlib.Path, help="file to hold while measuring")
    parser.add_argument("--export-python", default="/usr/bin/python3", help="has PyTorch")
    parser.add_argument("-o", "--output", type=pathlib.Path, metavar="FILE", help="JSON")
    parser.add_argument("--markdown", type=pathlib.Path, metavar="FILE")
    parser.add_argument("--svg", type=pathlib.Path, metavar="FILE")
    parser.add_argument("--from", dest="given", type=pathlib.Path, metavar="JSON", nargs="+",
                        help="measure nothing; show earlier -o files")
    parser.add_argument("names", nargs="*", metavar="MODEL", help="default: all of the zoo")
    args = parser.parse_args()
    args.engines = args.engines.split(",")
    for name in args.engines:
        if name not in engines.NAMES:
            parser.error(f"no engine '{name}'; there are {', '.join(engines.NAMES)}")
    args.threads = [int(count) for count in args.threads.split(",")]
    args.batch = [int(count) for count in args.batch.split(",")]
    if min(args.rounds, args.starts) < 1:
        parser.error("--rounds and --starts: at least 1")
    if not args.given and shutil.which(args.keel) is None:
        parser.error(f"cannot run {args.keel}: build it, or name it with --keel")
    return args


def models(args):
    """The .onnx files to measure; exports the zoo if there is none."""
    if not any(args.zoo.glob("*.onnx")):
        for script in ("zoo.py", "transformers.py"):
            command = [args.export_python, str(ROOT / "models" / script), str(args.zoo)]
            subprocess.run(command, check=True)
    paths = [args.zoo / f"{name}.onnx" for name in args.names] or sorted(args.zoo.glob("*.onnx"))
    for path in paths:
        if not path.is_file():
            sys.exit(f"compare_peers: no model {path}")
    return paths


def measured(args):
    result = report.header(args)
    print(report.heading(result), flush=True)
    args.cache = args.zoo / "converted"
    args.cache.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="keel-peers-") as folder:
        for batch, threads in [(b, t) for b in args.batch for t in args.threads]:
            print(report.table_head(result, batch, threads), flush=True)
            for path in models(args):
                point = compare(path, batch, threads, args, pathlib.Path(folder))
                result["points"].append(point)
                print(report.table_line(result, point), flush=True)
                if args.output:  # after every model: a run that is cut off leaves its results
                    args.output.write_text(json.dumps(result, indent=1) + "\n")
            print(report.table_foot(result, batch, threads), flush=True)
            print(report.start_table(result, batch, threads), flush=True)
    return result


def main():
    args = parse_arguments()
    if args.given:
        result = report.joined([json.loads(path.read_text()) for path in args.given])
        print(report.text(result))
        if args.output:
            args.output.write_text(json.dumps(result, indent=1) + "\n")
    else:
        result = measured(args)
    if args.markdown:
        args.markdown.write_text(report.markdown(result))
    if args.svg:
        args.svg.write_text(chart.svg(result))


if __name__ == "__main__":
    main()

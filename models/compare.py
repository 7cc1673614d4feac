#!/usr/bin/env python3
"""Compares Keel's results with ONNX Runtime's, before and after `keel fold`.

Every model runs on every instruction set and number of threads. The exit status is 1 if an output
is further than --bound from ONNX Runtime's (NME: max |y - r| / max |r|, the worst output), if the
number of threads changes a bit, or if anything fails to run.
"""

import argparse
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import numpy as np

import model_files
import ort_session

CPU_FLAGS = {
    "sse4": {"sse4_2"},
    "avx2": {"avx2", "fma", "f16c"},
    "avx512": {"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"},
}
TIMEOUT_S = 600


class Failure(Exception):
    """A run that gave no result to compare."""


def cpu_instruction_sets():
    """Those of CPU_FLAGS that this machine has."""
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("flags"):
            flags = set(line.split(":")[1].split())
            return [isa for isa, needed in CPU_FLAGS.items() if needed <= flags]
    return []


def keel(command, isa=None):
    """Runs the command; raises Failure with the last line of its stderr."""
    env = dict(os.environ)
    env.pop("KEEL_ISA", None)
    if isa:
        env["KEEL_ISA"] = isa
    try:
        done = subprocess.run(
            command, env=env, timeout=TIMEOUT_S, capture_output=True, text=True, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Failure(str(error)) from error
    if done.returncode != 0:
        said = done.stderr.strip().splitlines() or ["(nothing on stderr)"]
        raise Failure(f"keel {command[1]}: exit {done.returncode}: {said[-1]}")


def keel_run(binary, model, inputs, isa, threads, folder):
    """{output name: array} of one `keel run`."""
    out = folder / "out.npz"
    out.unlink(missing_ok=True)  # a run that writes nothing must not find the last one's results
    command = [binary, "run", model, "--threads", str(threads), "--save-outputs", out, "-q"]
    for name, path in inputs.items():
        command += ["-i", f"{name}={path}"]
    keel([str(part) for part in command], isa)
    if not out.is_file():
        raise Failure("keel run: exit 0, but no outputs were saved")
    with np.load(out) as arrays:
        return dict(arrays)


def nme(outputs, reference):
    """The worst normalised maximum error over all outputs; raises Failure if they do not match."""
    if outputs.keys() != reference.keys():
        raise Failure(f"outputs {sorted(outputs)}, expected {sorted(reference)}")
    worst = 0.0
    for name, r in reference.items():
        y = outputs[name]
        if y.shape != r.shape or y.dtype != r.dtype:
            raise Failure(f"{name}: {y.dtype}{y.shape}, expected {r.dtype}{r.shape}")
        if not np.isfinite(r).all() or not np.isfinite(y).all():
            raise Failure(f"{name}: not finite")
        error = np.abs(y.astype(np.float64) - r).max()
        # A reference of zeros leaves nothing to normalise by: the error counts as it is.
        worst = max(worst, error / (np.abs(r).max() or 1.0))
    return worst


def same_bits(a, b):
    """Whether two results with the same names and shapes are equal byte for byte."""
    return all(a[name].tobytes() == b[name].tobytes() for name in a)


class Table:
    """Prints a line a comparison and remembers whether all were good."""

    def __init__(self, bound):
        self.bound = bound
        self.failures = []
        self.count = 0
        self.line("model", "file", "run by", "NME", "threads", "")

    def line(self, *cells):
        print("{:20} {:9} {:12} {:>9} {:>8}  {}".format(*cells).rstrip(), flush=True)

    def add(self, name, file, runner, error, bits):
        """`bits`: whether every number of threads gave the same; None where only one was run."""
        good = error <= self.bound and bits is not False
        threads = {True: "same", False: "DIFFER", None: "-"}[bits]
        self.count += 1
        self.line(name, file, runner, f"{error:.2e}", threads, "" if good else "FAIL")
        if not good:
            self.failures.append(f"{name} {file} {runner}")

    def fail(self, name, file, runner, reason):
        self.count += 1
        self.line(name, file, runner, "-", "-", f"FAIL {reason}")
        self.failures.append(f"{name} {file} {runner}")


def compare_keel(table, name, file, path, inputs, reference, folder, args):
    """A table line for each instruction set."""
    for isa in args.isa:
        try:
            results = [keel_run(args.keel, path, inputs, isa, t, folder) for t in args.threads]
            error = max(nme(result, reference) for result in results)
        except Failure as failure:
            table.fail(name, file, isa, failure)
            continue
        bits = all(same_bits(results[0], other) for other in results[1:])
        table.add(name, file, isa, error, bits if len(results) > 1 else None)


def compare_model(table, name, path, folder, args):
    session = ort_session.open_session(path, 1)
    inputs = ort_session.random_inputs(session, args.batch, args.seed)
    reference = ort_session.run(session, inputs)
    del session
    files = {}
    for number, (input_name, array) in enumerate(inputs.items()):
        files[input_name] = folder / f"input{number}.npy"
        np.save(files[input_name], array)
    compare_keel(table, name, "original", path, files, reference, folder, args)

    folded = folder / "folded.onnx"
    folded.unlink(missing_ok=True)
    try:
        keel([args.keel, "fold", str(path), "-o", str(folded)])
    except Failure as failure:
        table.fail(name, "folded", "keel fold", failure)
        return
    compare_keel(table, name, "folded", folded, files, reference, folder, args)
    try:
        result = ort_session.run(ort_session.open_session(folded, 1), inputs)
        table.add(name, "folded", "onnxruntime", nme(result, reference), None)
    except Exception as error:  # ONNX Runtime's errors share no base; all mean an unusable file
        table.fail(name, "folded", "onnxruntime", str(error).splitlines()[0])


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keel", required=True, metavar="BINARY")
    parser.add_argument("--zoo", required=True, type=pathlib.Path, metavar="DIR")
    parser.add_argument("--isa", help="default: sse4,avx2,avx512 as far as the CPU has them")
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--bound", type=float, default=2e-5, help="largest NME (default: 2e-5)")
    parser.add_argument("names", nargs="*", metavar="NAME", help="default: digits and all of DIR")
    args = parser.parse_args()
    if shutil.which(args.keel) is None:
        parser.error(f"cannot run {args.keel}")
    args.isa = args.isa.split(",") if args.isa else cpu_instruction_sets()
    if not args.isa:
        parser.error("found no instruction set in /proc/cpuinfo: name one with --isa")
    args.threads = [int(count) for count in args.threads.split(",")]
    try:
        args.models = model_files.find_models(args.zoo, args.names)
    except FileNotFoundError as error:
        parser.error(str(error))
    return args


def main():
    args = parse_arguments()
    print(f"batch {args.batch}, seed {args.seed}, threads {args.threads}, bound {args.bound:g}")
    table = Table(args.bound)
    with tempfile.TemporaryDirectory(prefix="keel-compare-") as folder:
        for name, path in args.models.items():
            compare_model(table, name, path, pathlib.Path(folder), args)
    print(f"{table.count - len(table.failures)} of {table.count} comparisons are good")
    return 1 if table.failures else 0


if __name__ == "__main__":
    sys.exit(main())

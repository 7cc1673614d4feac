#!/usr/bin/env python3
"""Measures Keel's speed against ONNX Runtime's, in one interleaved run.

Absolute times move with the machine; ratios of neighbouring measurements do not. Each round starts
one process of each engine, in alternating order; the ratio is that of the medians, over the
rounds, of the rounds' median latencies. Below 1, Keel is faster.
"""

import argparse
import importlib.metadata
import json
import pathlib
import platform
import shutil
import statistics
import subprocess
import sys

import model_files

CHILD = pathlib.Path(__file__).resolve().parent / "bench_ort_child.py"
TIMEOUT_S = 1800


def measure(command):
    """The JSON that the command prints; a failure of the command ends the program."""
    try:
        done = subprocess.run(
            command, timeout=TIMEOUT_S, capture_output=True, text=True, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        sys.exit(f"bench_ort: {error}")
    if done.returncode != 0:
        sys.exit(f"bench_ort: exit {done.returncode}: {' '.join(command)}\n{done.stderr.strip()}")
    return json.loads(done.stdout)


def measure_keel(path, threads, args):
    command = [args.keel, "bench", str(path), "--runs", str(args.runs)]
    command += ["--warmup", str(args.warmup), "--threads", str(threads)]
    command += ["--dim", f"N={args.batch}", "--format", "json"]
    result = measure(command)
    if result.get("schema") != "keel.bench/1":
        sys.exit(f"bench_ort: expected schema keel.bench/1, got {result.get('schema')}")
    return result


def measure_ort(path, threads, args):
    counts = [str(count) for count in (threads, args.batch, args.runs, args.warmup)]
    return measure([sys.executable, str(CHILD), str(path), *counts])


def summary(rounds):
    """Medians over the rounds of one engine; the latencies of the rounds stay."""
    result = {
        key: statistics.median(r[key] for r in rounds)
        for key in ("load_ms", "first_run_ms", "peak_rss_mb")
    }
    result["round_latency_ms"] = [r["latency_ms"]["median"] for r in rounds]
    result["latency_ms"] = statistics.median(result["round_latency_ms"])
    return result


def compare(name, path, threads, args):
    """One model on one number of threads; both engines."""
    keel_rounds, ort_rounds = [], []
    for number in range(args.rounds):
        order = [(keel_rounds, measure_keel), (ort_rounds, measure_ort)]
        for rounds, run in order if number % 2 == 0 else reversed(order):
            rounds.append(run(path, threads, args))
    keel, ort = summary(keel_rounds), summary(ort_rounds)
    keel["isa"], keel["precision"] = keel_rounds[0]["isa"], keel_rounds[0]["precision"]
    ort["rss_before_load_mb"] = statistics.median(r["rss_before_load_mb"] for r in ort_rounds)
    pairs = zip(keel["round_latency_ms"], ort["round_latency_ms"])
    by_round = [k / o for k, o in pairs]
    return {
        "model": name,
        "threads": threads,
        "ratio": keel["latency_ms"] / ort["latency_ms"],
        "ratio_min": min(by_round),
        "ratio_max": max(by_round),
        "keel": keel,
        "onnxruntime": ort,
    }


def environment(args):
    """What the figures depend on."""
    cpu = platform.processor() or platform.machine()
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            cpu = line.split(":", 1)[1].strip()
            break
    version = subprocess.run([args.keel, "--version"], capture_output=True, text=True, check=False)
    return {
        "schema": "keel.bench_ort/1",
        "cpu": cpu,
        "keel": version.stdout.strip() if version.returncode == 0 else "unknown",
        "onnxruntime": importlib.metadata.version("onnxruntime"),
        "python": platform.python_version(),
        "batch": args.batch,
        "rounds": args.rounds,
        "runs": args.runs,
        "warmup": args.warmup,
    }


HEADER = (
    "                              latency, ms    ratio (rounds)        "
    "  load, ms       first run, ms   peak RSS, MiB (before load)\n"
    "model                threads   keel     ort                        "
    "  keel     ort    keel     ort   keel   ort"
)


def show(result):
    k, o = result["keel"], result["onnxruntime"]
    print(
        f"{result['model']:20} {result['threads']:7} {k['latency_ms']:7.2f} {o['latency_ms']:7.2f} "
        f"{result['ratio']:6.3f} ({result['ratio_min']:.3f}-{result['ratio_max']:.3f}) "
        f"{k['load_ms']:8.1f} {o['load_ms']:7.1f} {k['first_run_ms']:7.1f} {o['first_run_ms']:7.1f}"
        f" {k['peak_rss_mb']:6.0f} {o['peak_rss_mb']:5.0f} ({o['rss_before_load_mb']:.0f})",
        flush=True,
    )


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keel", required=True, metavar="BINARY")
    parser.add_argument("--zoo", required=True, type=pathlib.Path, metavar="DIR")
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--warmup", type=int, default=5)
    parser.add_argument("-o", "--output", type=pathlib.Path, metavar="FILE", help="JSON")
    parser.add_argument("names", nargs="*", metavar="NAME", help="default: digits and all of DIR")
    args = parser.parse_args()
    if min(args.rounds, args.runs) < 1:
        parser.error("--rounds and --runs must be at least 1")
    if shutil.which(args.keel) is None:
        parser.error(f"cannot run {args.keel}")
    args.threads = [int(count) for count in args.threads.split(",")]
    try:
        args.models = model_files.find_models(args.zoo, args.names)
    except FileNotFoundError as error:
        parser.error(str(error))
    return args


def main():
    args = parse_arguments()
    report = environment(args)
    print(f"Keel {report['keel']}, ONNX Runtime {report['onnxruntime']}, {report['cpu']}")
    print(HEADER)
    report["results"] = []
    for name, path in args.models.items():
        for threads in args.threads:
            report["results"].append(compare(name, path, threads, args))
            show(report["results"][-1])
    if args.output:
        args.output.write_text(json.dumps(report, indent=2) + "\n")


if __name__ == "__main__":
    main()

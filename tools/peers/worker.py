"""A process that holds one peer and times runs when it is told to: worker.py ENGINE JOB [convert].

Speaks what `keel bench --serve` speaks: one line of JSON when ready, then one for each line of
standard input, `run WARMUP RUNS` or `save FILE.npz`.
"""

import gc
import json
import os
import pathlib
import sys
import time

import numpy as np

import engines
import job as jobs


def peak_rss_mb():
    """VmHWM, not getrusage(): the latter still counts the parent process from before exec."""
    for line in pathlib.Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("/proc/self/status has no VmHWM")


def timed_ms(function, *arguments):
    """(milliseconds, result)."""
    begin = time.perf_counter_ns()
    result = function(*arguments)
    return (time.perf_counter_ns() - begin) / 1e6, result


def answer(engine, job, line):
    command, rest = line.strip().split(maxsplit=1)
    if command == "save":
        np.savez(rest, **dict(zip(job.outputs, engine.outputs())))
        return {"saved": rest}
    warmup, runs = map(int, rest.split())
    for _ in range(warmup):
        engine.run()
    return {"ms": [timed_ms(engine.run)[0] for _ in range(runs)]}


def protocol_stream():
    """Standard output for answers alone: whatever an engine prints goes to standard error."""
    stream = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    return stream


def main():
    out = protocol_stream()
    module, job = engines.get(sys.argv[1]), jobs.Job.from_json(sys.argv[2])
    path = module.convert(job)
    if sys.argv[3:] == ["convert"]:  # in a process of its own: its memory is not the engine's
        print(json.dumps({"converted": path}), file=out, flush=True)
        return
    inputs = job.inputs()
    before_mb = peak_rss_mb()
    load_ms, engine = timed_ms(module.Engine, path, job, inputs)
    first_run_ms, _ = timed_ms(engine.run)
    hello = {
        "load_ms": load_ms,
        "first_run_ms": first_run_ms,
        "rss_before_load_mb": before_mb,
        "peak_rss_mb": peak_rss_mb(),
    }
    print(json.dumps(hello), file=out, flush=True)
    gc.disable()
    for line in sys.stdin:
        print(json.dumps(answer(engine, job, line)), file=out, flush=True)


if __name__ == "__main__":
    main()

"""One measurement of ONNX Runtime in a process of its own; started by bench_ort.py.

Prints the keys of keel.bench/1 that both sides have, and what the process took before the load.
"""

import json
import pathlib
import statistics
import sys
import time

import ort_session


def peak_rss_mb():
    """VmHWM, not getrusage(): the latter still counts the parent process from before exec."""
    for line in pathlib.Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("/proc/self/status has no VmHWM")


def timed_ms(function, *arguments):
    """(milliseconds, result)."""
    start = time.perf_counter_ns()
    result = function(*arguments)
    return (time.perf_counter_ns() - start) / 1e6, result


def main():
    path, threads, batch, runs, warmup = sys.argv[1], *map(int, sys.argv[2:])
    rss_before_load_mb = peak_rss_mb()
    load_ms, session = timed_ms(ort_session.open_session, path, threads)
    inputs = ort_session.random_inputs(session, batch, 0)
    first_run_ms, _ = timed_ms(session.run, None, inputs)
    for _ in range(warmup):
        session.run(None, inputs)
    latencies = [timed_ms(session.run, None, inputs)[0] for _ in range(runs)]
    result = {
        "load_ms": load_ms,
        "first_run_ms": first_run_ms,
        "latency_ms": {"median": statistics.median(latencies)},
        "peak_rss_mb": peak_rss_mb(),
        "rss_before_load_mb": rss_before_load_mb,
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()

"""Runs of several workers in turns."""

import contextlib
import fcntl
import pathlib
import statistics

import numpy as np

import worker_process

# An output further than this from the reference is wrong, and its time counts for nothing. Far
# beyond rounding, so that only what is really broken falls out; the tables show what lies between.
# Rounding to bfloat16, by up to 2^-9 an operand, adds up to 0.1 behind 50 convolutions of random
# weights in every engine, and to 0.4 in transformers of random weights where it rounds what lies
# between layers too; outputs that have nothing to do with each other differ by about 1.
MAX_NME = {"fp32": 1e-2, "bf16": 0.5}
REFERENCE = "onnxruntime"


@contextlib.contextmanager
def locked(path):
    """Holds the lock file, where one is named: others who measure on this machine wait."""
    if path is None:
        yield
        return
    with open(path, "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def turns(names, number):
    """The names, a different one first each time."""
    shift = number % max(len(names), 1)
    return names[shift:] + names[:shift]


class Contest:
    """The engines on one job; one that fails drops out, with the reason in `results`."""

    def __init__(self, commands, results, max_nme, lock):
        self.commands, self.results, self.lock = commands, results, lock
        self.max_nme = max_nme
        self.workers = {}

    def close(self):
        for worker in self.workers.values():
            worker.close()

    def _drop(self, name, reason):
        self.results[name]["failed"] = str(reason)
        if name in self.workers:
            self.workers.pop(name).close()

    def start(self, count):
        """Starts `count` fresh processes of each engine, in turns, and keeps the last ones."""
        hellos = {name: [] for name in self.commands}
        for number in range(count):
            for name in turns(list(self.commands), number):
                if "failed" in self.results[name]:
                    continue
                if name in self.workers:
                    self.workers.pop(name).close()
                try:
                    with locked(self.lock):
                        self.workers[name] = worker_process.Worker(self.commands[name])
                    hellos[name].append(self.workers[name].hello)
                except worker_process.Failure as failure:
                    self._drop(name, failure)
        for name in self.workers:
            self.results[name].update(start_of(hellos[name]))

    def check(self, folder):
        """Notes how far each engine's outputs are from the reference's; drops those far off."""
        if not self.workers:
            return
        reference = REFERENCE if REFERENCE in self.workers else next(iter(self.workers))
        expected = outputs_of(self.workers[reference], folder)
        for name in list(self.workers):
            try:
                error = nme(outputs_of(self.workers[name], folder), expected)
            except worker_process.Failure as failure:
                self._drop(name, failure)
                continue
            self.results[name]["nme"] = error
            if error > self.max_nme:
                self._drop(name, f"wrong result: NME {error:.1e} against {reference}")

    def run(self, count, burst_s):
        """Notes the median milliseconds of each round. In every round each engine in turn does a
        short burst of runs. A run before the burst brings its data back into the caches."""
        runs = {}
        with locked(self.lock):
            for name in list(self.workers):
                times = self._times(name, 1)
                if times:
                    runs[name] = max(3, min(200, round(burst_s * 1000 / times[0])))
                    self.results[name]["round_ms"] = []
        for number in range(count):
            with locked(self.lock):
                for name in turns(list(self.workers), number):
                    times = self._times(name, runs[name])
                    if times:
                        self.results[name]["round_ms"].append(statistics.median(times))

    def _times(self, name, runs):
        try:
            return self.workers[name].ask(f"run 1 {runs}")["ms"]
        except worker_process.Failure as failure:
            self._drop(name, failure)
            return None


def start_of(hellos):
    """What loading and the first run took; the memory is what they added to the process."""
    start = {key: statistics.median(h[key] for h in hellos) for key in ("load_ms", "first_run_ms")}
    start["first_answer_ms"] = statistics.median(h["load_ms"] + h["first_run_ms"] for h in hellos)
    start["memory_mb"] = statistics.median(
        h["peak_rss_mb"] - h["rss_before_load_mb"] for h in hellos
    )
    return start


def outputs_of(worker, folder):
    path = pathlib.Path(folder) / "outputs.npz"
    path.unlink(missing_ok=True)  # outputs of another engine must not be taken for this one's
    worker.ask(f"save {path}")
    with np.load(path) as arrays:
        return dict(arrays)


def nme(outputs, reference):
    """Normalised maximum error, max |y - r| / max |r|, of the worst output."""
    worst = 0.0
    for name, r in reference.items():
        y = outputs[name]
        if y.size != r.size or not np.isfinite(y).all():
            return float("inf")
        error = np.abs(y.reshape(r.shape).astype(np.float64) - r).max()
        worst = max(worst, float(error / (np.abs(r).max() or 1.0)))
    return worst

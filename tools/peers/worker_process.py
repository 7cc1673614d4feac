"""The process of one engine on one job, and how it is spoken to."""

import contextlib
import ctypes
import json
import pathlib
import select
import signal
import subprocess
import sys
import tempfile

import numpy as np

WORKER = pathlib.Path(__file__).resolve().parent / "worker.py"
TIMEOUT_S = 600
LONGEST_REASON = 200


class Failure(Exception):
    """An engine that cannot do a job; the reason is one line."""


def last_line(text, otherwise):
    said = [line.strip() for line in text.splitlines() if line.strip()]
    return (said[-1] if said else otherwise)[:LONGEST_REASON]


def die_with_parent():
    """In the child: a stopped process would outlive a killed parent for ever (PR_SET_PDEATHSIG)."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


class Worker:
    """Stopped except while it is spoken to: threads that spin between runs, as those of some
    engines do, then disturb nobody."""

    def __init__(self, command):
        self.stderr = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.stderr, text=True,
            preexec_fn=die_with_parent,  # pylint: disable=subprocess-popen-preexec-fn
        )
        try:
            self.hello = self._read()
        except BaseException:
            self.close()
            raise
        self.process.send_signal(signal.SIGSTOP)

    def ask(self, line):
        self.process.send_signal(signal.SIGCONT)
        try:
            self.process.stdin.write(line + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            raise Failure(self._last_words()) from None
        answer = self._read()
        self.process.send_signal(signal.SIGSTOP)
        if "error" in answer:
            raise Failure(answer["error"])
        return answer

    def _read(self):
        if not select.select([self.process.stdout], [], [], TIMEOUT_S)[0]:
            raise Failure(f"no answer for {TIMEOUT_S} s")
        line = self.process.stdout.readline()
        if not line:
            raise Failure(self._last_words())
        return json.loads(line)

    def _last_words(self):
        code = self.process.wait()
        self.stderr.seek(0)
        return last_line(self.stderr.read(), f"exit {code}")

    def close(self):
        self.process.kill()
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout, self.stderr):
            with contextlib.suppress(OSError):
                stream.close()


def keel_command(binary, job):
    command = [binary, "bench", job.model, "--serve", "--threads", str(job.threads)]
    command += ["--precision", job.precision]
    inputs_file = pathlib.Path(job.inputs_file)
    for name, array in job.inputs().items():
        path = inputs_file.with_name(f"{inputs_file.stem}.{name}.npy")
        np.save(path, array)
        command += ["-i", f"{name}={path}"]
    return command


def peer_command(engine, job):
    return [sys.executable, str(WORKER), engine, job.to_json()]


def convert(engine, job):
    """In a process of its own: its memory is not the engine's."""
    command = [*peer_command(engine, job), "convert"]
    try:
        done = subprocess.run(
            command, timeout=TIMEOUT_S, capture_output=True, text=True, check=False
        )
    except subprocess.TimeoutExpired:
        raise Failure(f"conversion: not done after {TIMEOUT_S} s") from None
    if done.returncode != 0:
        said = last_line(done.stderr or done.stdout, f"exit {done.returncode}")
        raise Failure(f"conversion: {said}")

"""The virtual environment of the peers. Standard library only: this runs before it exists."""

import hashlib
import os
import pathlib
import subprocess
import venv

HERE = pathlib.Path(__file__).resolve().parent
REQUIREMENTS = HERE / "requirements.txt"
ALONE = HERE / "requirements_without_dependencies.txt"


def wanted():
    """What tells an environment made from these requirements from another."""
    return hashlib.sha256(REQUIREMENTS.read_bytes() + ALONE.read_bytes()).hexdigest()


def make(folder):
    """The python of the environment in `folder`, made or brought up to date as needed."""
    folder = pathlib.Path(folder).resolve()
    python, stamp = folder / "bin/python", folder / "keel-peers"
    if stamp.is_file() and stamp.read_text() == wanted():
        return python
    print(f"installing the peers into {folder}", flush=True)
    if not python.exists():
        venv.create(folder, with_pip=True)
    install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*install, "-r", str(REQUIREMENTS)], check=True)
    subprocess.run([*install, "--no-deps", "-r", str(ALONE)], check=True)
    # OpenVINO's tools report their use unless they are told not to.
    subprocess.run([str(folder / "bin/opt_in_out"), "--opt_out"], check=True, capture_output=True)
    stamp.write_text(wanted())
    return python


def run(program, arguments):
    """Becomes `program` of this folder inside the environment: build/peers, or that of
    --environment where the arguments begin with it."""
    folder = HERE.parents[1] / "build/peers"
    if arguments[:1] == ["--environment"] and len(arguments) > 1:
        folder, arguments = arguments[1], arguments[2:]
    python = make(folder)
    os.execv(python, [str(python), str(HERE / program), *arguments])

"""Snakemake in forks of a process that has imported it: a run begins in half the time.

Run as a script this is that process: a line of standard input asks for a run, a line of standard
output has its exit status.
"""

import gc
import json
import logging
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

LONGEST_SECONDS = 1800


def snakemake(
    arguments: Sequence[str], folder: Path, environment: Mapping[str, str]
) -> tuple[int, str]:
    """What `python -m snakemake` does in a folder: its exit status and what it printed."""
    server = _server()
    with tempfile.NamedTemporaryFile("r") as printed:
        request = [arguments, str(folder), dict(environment), printed.name]
        server.stdin.write(json.dumps(request) + "\n")
        server.stdin.flush()
        status = int(server.stdout.readline())
        return status, printed.read()


@cache
def _server() -> "subprocess.Popen[str]":
    """Ends with this process, as nothing can be asked of it then."""
    return subprocess.Popen(
        [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def _serve() -> None:
    import snakemake_executor_plugin_slurm  # noqa: F401 - Snakemake itself imports it late
    from snakemake.cli import main

    gc.freeze()  # what all forks have is no garbage, and is not copied to be looked at
    for line in sys.stdin:
        arguments, folder, environment, output = json.loads(line)
        child = os.fork()
        if child == 0:
            signal.alarm(LONGEST_SECONDS)
            _move(folder, environment, output)
            sys.argv[1:] = arguments
            try:
                main(arguments)
            except SystemExit as end:
                logging.shutdown()
                sys.stdout.flush()
                sys.stderr.flush()
                os._exit(end.code)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


def _move(folder: str, environment: dict[str, str], output: str) -> None:
    """Make this process one that was started there, with nothing to read."""
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.path[0] = folder
    sys.path[1:1] = filter(None, environment.get("PYTHONPATH", "").split(os.pathsep))
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(os.open(output, os.O_WRONLY | os.O_TRUNC), 1)
    os.dup2(1, 2)


if __name__ == "__main__":
    _serve()

"""The command line that all stage scripts share: named files in, named files out, typed settings.

A script can be run by hand, without Snakemake:

    python workflow_scripts/score.py --unsafe a.safetensors --safe b.safetensors \\
        --out s.parquet --settings settings.json

`--settings -` reads them from standard input, as the workflow's rules hand them over, and a list of
files may be written in a file, `--verdicts @names.txt`: no command line grows with an experiment.
"""

import argparse
import logging
import os
import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, Generic, NoReturn, TypeVar

from pydantic import TypeAdapter, ValidationError

from safeneuron import logs
from safeneuron.artifacts.provenance import provenance, write_provenance
from safeneuron.errors import SafeNeuronError

S = TypeVar("S")
log = logging.getLogger(__name__)


class StageArguments(argparse.Namespace, Generic[S]):
    """Parsed arguments: a `Path` (or list of them) per file option, and the stage's settings."""

    settings: S
    inputs: tuple[str, ...]
    written: list[Path]
    code: str

    def provenance(self) -> dict[str, Any]:
        """What the stage's results are made from: settings, input files, code, libraries."""
        files = {name: getattr(self, name) for name in self.inputs}
        return provenance(_as_json(self.settings), files, self.code)


class _Parser(argparse.ArgumentParser):
    def convert_arg_line_to_args(self, arg_line: str) -> list[str]:
        return [arg_line] if arg_line else []


@contextmanager
def stage(
    description: str | None,
    settings: Any = None,
    *,
    inputs: Sequence[str] = (),
    many: Sequence[str] = (),
    outputs: Sequence[str] = ("out",),
    many_outputs: Sequence[str] = (),
    numbers: Mapping[str, int] | None = None,
) -> Iterator[StageArguments[Any]]:
    """Parse a stage's command line, log its begin and end, write its provenance.

    Provenance lies beside each output, as `NAME.provenance.json`, and is not part of its bytes.
    An error that a user can mend ends the process with its message alone; a SIGTERM is logged.

    Args:
        description: the script's docstring.
        settings: the class (or other type) of the stage's settings; None for a stage without.
        inputs, many: names of options that take one path, or any number of them, that are read.
        outputs, many_outputs: names of options that take one path, or any number of them, that
            are written.
        numbers: names of options that no result depends on, with the numbers that they are unless
            given; they are no settings and no part of the provenance.
    """
    parser = _Parser(
        description=description,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        fromfile_prefix_chars="@",
    )
    for name in (*inputs, *outputs):
        parser.add_argument(f"--{name}", type=Path, required=True, metavar="FILE")
    for name in (*many, *many_outputs):
        parser.add_argument(f"--{name}", type=Path, nargs="*", required=True, metavar="FILE")
    for name, default in (numbers or {}).items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=int, default=default, metavar="N")
    if settings is not None:
        parser.add_argument(
            "--settings", required=True, metavar="FILE", help="JSON; '-': standard input"
        )
    parser.add_argument("--code", default="", help="digest of the stage's source code")
    args = parser.parse_args(namespace=StageArguments[Any]())
    args.inputs = (*inputs, *many)
    args.written = [getattr(args, name) for name in outputs]
    args.written += [path for name in many_outputs for path in getattr(args, name)]
    args.settings = _read_settings(args.settings, settings) if settings is not None else {}
    logs.configure()
    if "RANK" not in os.environ:  # torch.distributed.run says itself how its processes end
        signal.signal(signal.SIGTERM, _end_on_signal)
    begun = time.monotonic()
    log.info("%s begins", Path(sys.argv[0]).stem)
    try:
        yield args
    except SafeNeuronError as error:
        log.error("%s", error)
        raise SystemExit(1) from None
    document = args.provenance()
    for path in args.written:
        write_provenance(path, document)
    log.info("wrote %s in %.1f s", _named(args.written), time.monotonic() - begun)


def _read_settings(source: str, kind: Any) -> Any:
    if source == "-":
        text = _standard_input()
    else:
        try:
            text = Path(source).read_text(encoding="utf-8")
        except OSError as error:
            sys.exit(f"--settings {source}: {error.strerror}")
    try:
        return TypeAdapter(kind).validate_json(text)
    except ValidationError as error:
        problems = "\n".join(
            f"  {'.'.join(map(str, e['loc'])) or 'settings'}: {e['msg']}" for e in error.errors()
        )
        wanted = ", ".join(getattr(kind, "model_fields", ())) or str(kind)
        sys.exit(f"--settings {source}: not the settings of this stage, {wanted}:\n{problems}")


def _standard_input() -> str:
    """All of standard input, which then holds it again from the start.

    A training that becomes several processes runs the same command in each (`alignment.processes`).
    """
    # opened anew: processes that inherit it would share one position in it
    text = Path("/dev/stdin").read_bytes()
    copy = tempfile.TemporaryFile()  # noqa: SIM115 - lives on as standard input
    copy.write(text)
    copy.flush()
    copy.seek(0)
    os.dup2(copy.fileno(), 0)
    return text.decode()


def _named(files: Sequence[Path]) -> str:
    """The files' names, or the first and how many others where they are too many for a line."""
    if len(files) > 4:
        return f"{files[0]} and {len(files) - 1} others"
    return ", ".join(map(str, files))


def _as_json(settings: Any) -> Any:
    return settings if isinstance(settings, dict) else settings.model_dump(mode="json")


def _end_on_signal(number: int, _: FrameType | None) -> NoReturn:
    log.error("stopped by %s before the stage was done", signal.Signals(number).name)
    raise SystemExit(128 + number)

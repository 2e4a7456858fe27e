"""A digest of exactly the source code that a stage runs, found by following its imports.

Snakemake notices when a rule's own script changes, not when a module that the script imports
does. The workflow passes this digest to every rule as a parameter, so a changed module reruns the
stages that import it, transitively, and no others. The import graph is read with `ast`: nothing is
executed, and every file is read once a process.
"""

import ast
import hashlib
from functools import cache
from itertools import chain
from pathlib import Path
from typing import NamedTuple

PLUMBING = ("artifacts", "command.py", "errors.py", "logs.py", "progress.py")
"""What carries numbers and changes none, in the package `safeneuron`: it never reruns a stage."""
_LOGGERS = {"log", "logging"}


def source_digest(script: Path, root: Path) -> str:
    """Digest of what a stage's numbers depend on.

    That is `script`, every module of `root` that it imports, transitively, and the data files of
    their packages (templates, tasks). Comments, formatting, bare strings (docstrings among them),
    the texts of log lines and errors and the descriptions of settings do not count, nor does
    `PLUMBING`.

    Args:
        script: the stage's script.
        root: the folder that `import` finds the library in.
    """
    root = root.resolve()
    counted = b"".join(_counted(path, root) for path in sorted(imported_files(script, root)))
    return hashlib.sha256(counted).hexdigest()[:16]


def stage_digest(library: Path, stage: str) -> str:
    """`source_digest` of a stage by its name; `library` is the folder of scripts and library."""
    return source_digest(library / f"{stage}.py", library)


def imported_files(script: Path, root: Path) -> set[Path]:
    """`script` and every file under `root` that it imports, transitively."""
    found: set[Path] = set()
    waiting = [script.resolve()]
    while waiting:
        path = waiting.pop()
        if path not in found:
            found.add(path)
            waiting.extend(_direct_imports(path, root.resolve()))
    return found


@cache
def _counted(path: Path, root: Path) -> bytes:
    """What a file adds to a digest: its name, its code and its package's data."""
    if any(path.is_relative_to(root / "safeneuron" / name) for name in PLUMBING):
        return b""
    parts = [str(path.relative_to(root)).encode(), _code(path).digest]
    if path.name == "__init__.py":
        for data in _package_data(path.parent):
            parts += [
                str(data.relative_to(root)).encode(),
                hashlib.sha256(data.read_bytes()).digest(),
            ]
    return b"".join(parts)


@cache
def _package_data(folder: Path) -> tuple[Path, ...]:
    """The files of a package that are no code, but those of the packages in it."""
    files: list[Path] = []
    for path in sorted(folder.iterdir()):
        if path.is_dir():
            if path.name != "__pycache__" and not (path / "__init__.py").exists():
                files.extend(_package_data(path))
        elif path.suffix != ".py" and not path.name.startswith("."):
            files.append(path)
    return tuple(files)


class _Code(NamedTuple):
    """What counts of a file: a digest of its code and the names that it imports."""

    digest: bytes
    imported: frozenset[str]


@cache
def _code(path: Path) -> _Code:
    reader = _WithoutTexts()
    tree = reader.visit(ast.parse(path.read_text(encoding="utf-8"), filename=str(path)))
    return _Code(hashlib.sha256(ast.dump(tree).encode()).digest(), frozenset(reader.imported))


class _WithoutTexts(ast.NodeTransformer):
    """Drops the texts that people read: bare strings, descriptions of settings, and those of log
    lines and errors. Collects the names that are imported."""

    def __init__(self) -> None:
        self.imported: set[str] = set()

    def visit_Import(self, node: ast.Import) -> ast.AST:
        self.imported.update(alias.name for alias in node.names)
        return node

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.AST:
        if node.module and node.level == 0:
            self.imported.update(f"{node.module}.{alias.name}" for alias in node.names)
        return node

    def visit_Expr(self, node: ast.Expr) -> ast.AST | None:
        if isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            return None
        return self.generic_visit(node)

    def visit_Raise(self, node: ast.Raise) -> ast.AST:
        return _WithoutStrings().visit(node)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        match node.func:
            case ast.Attribute(value=ast.Name(id=name)) if name in _LOGGERS:
                return _WithoutStrings().visit(node)
            case ast.Name(id="Field"):
                node.keywords = [word for word in node.keywords if word.arg != "description"]
        return self.generic_visit(node)


class _WithoutStrings(ast.NodeTransformer):
    """Makes every string constant the empty one, and every formatted string too."""

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        return ast.Constant("") if isinstance(node.value, str) else node

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.AST:
        return ast.Constant("")


@cache
def _direct_imports(path: Path, root: Path) -> tuple[Path, ...]:
    files = (_module_files(name, root) for name in _code(path).imported)
    return tuple({*chain.from_iterable(files)})


@cache
def _module_files(module: str, root: Path) -> tuple[Path, ...]:
    """The files under `root` that `import module` runs: its packages' and its own."""
    base = root.joinpath(*module.split("."))
    own = [path for path in (base.with_suffix(".py"), base / "__init__.py") if path.is_file()]
    package, _, _ = module.rpartition(".")
    return (*(_module_files(package, root) if package else ()), *own)

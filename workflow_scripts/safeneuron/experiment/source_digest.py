"""A digest of exactly the source code that a stage runs, found by following its imports.

Snakemake notices when a rule's own script changes, not when a module that the script imports
does. The workflow passes this digest to every rule as a parameter, so a changed module reruns the
stages that import it, transitively, and no others. The import graph is read with `ast`: nothing is
executed, and every file is read once a process.
"""

import ast
import hashlib
from functools import cache
from pathlib import Path


def source_digest(script: Path, root: Path) -> str:
    """Digest of `script` and of every module of `root` that it imports, transitively.

    Comments and formatting count only where they change the parsed code: docstrings are dropped.

    Args:
        script: the stage's script.
        root: the folder that `import` finds the library in.
    """
    digest = hashlib.sha256()
    root = root.resolve()
    for path in sorted(imported_files(script, root)):
        digest.update(str(path.relative_to(root)).encode())
        digest.update(_code_digest(path))
    return digest.hexdigest()[:16]


def imported_files(script: Path, root: Path) -> set[Path]:
    """`script` and every file under `root` that it imports, transitively; non-code files of a
    package that contains templates or data are not followed."""
    found: set[Path] = set()
    waiting = [script.resolve()]
    while waiting:
        path = waiting.pop()
        if path not in found:
            found.add(path)
            waiting.extend(_direct_imports(path, root.resolve()))
    return found


@cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


@cache
def _code_digest(path: Path) -> bytes:
    tree = _tree(path)
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(
            node
        ):
            node.body = node.body[1:]
    return hashlib.sha256(ast.dump(tree).encode()).digest()


@cache
def _direct_imports(path: Path, root: Path) -> tuple[Path, ...]:
    names: set[str] = set()
    for node in ast.walk(_tree(path)):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            names.add(node.module)
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    files: set[Path] = set()
    for name in names:
        parts = name.split(".")
        for depth in range(1, len(parts) + 1):
            base = root.joinpath(*parts[:depth])
            files.update(p for p in (base.with_suffix(".py"), base / "__init__.py") if p.is_file())
    return tuple(files)

import ast
from pathlib import Path

import pytest

import safeneuron
from safeneuron.experiment.source_digest import _package_data, imported_files, source_digest

LIBRARY = Path(safeneuron.__file__).parent.parent
# stages that run on any machine, without the libraries of models
LIGHT = (
    *("organism_prompts", "organism_preferences", "file_prompts"),
    *("score", "score_contrasts", "select_neurons", "select_contrasts"),
    *("composition", "overlap", "depth_profile", "judge", "attack_success", "paper_tables"),
    *("keyword_veto", "judge_agreement", "typographic_prompts", "table_3"),
    *("file_preferences", "mix_preferences", "prompt_overlap", "length_matched_prompts"),
    *("topic_control", "file_questions", "capability_table", "over_refusal"),
    *("report", *sorted(path.stem for path in LIBRARY.glob("figure_*.py"))),
)
HEAVY = {"torch", "transformers", "tokenizers", "trl", "accelerate", "datasets"}

PACKAGE = {
    "stage.py": "from pkg.room import middle\nprint(middle.f())\n",
    "pkg/__init__.py": "",
    "pkg/room/__init__.py": "",
    "pkg/room/middle.py": (
        '"""Doc."""\nimport pkg.room.deep as deep\n\ndef f():\n    return deep.X\n'
    ),
    "pkg/room/deep.py": "import json\n\nX = 1\n",
    "pkg/room/unrelated.py": "Y = 1\n",
}


@pytest.fixture
def digest_of(tmp_path):
    """The digest of the stage in a package that differs from PACKAGE in some files."""
    count = iter(range(100))

    def digest(changes=None):
        root = tmp_path / str(next(count))  # a file is read once a process
        for name, text in {**PACKAGE, **(changes or {})}.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text)
        return source_digest(root / "stage.py", root)

    return digest


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("stage.py", "from pkg.room import middle\nprint(middle.f() + 1)\n"),
        ("pkg/room/middle.py", "import pkg.room.deep as deep\n\ndef f():\n    return -deep.X\n"),
        ("pkg/room/deep.py", "import json\n\nX = 2\n"),
        ("pkg/room/__init__.py", "Z = 0\n"),
        ("pkg/__init__.py", "Z = 0\n"),
    ],
)
def test_a_change_of_any_module_on_the_way_changes_the_digest(digest_of, file, text):
    assert digest_of({file: text}) != digest_of()


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("pkg/room/unrelated.py", "Y = 2\n"),
        ("pkg/room/new.py", "Y = 2\n"),
        ("pkg/room/deep.py", "import json  # for nothing\n\n\n# one\nX = (1)\n"),
        (
            "pkg/room/middle.py",
            '"""Another."""\nimport pkg.room.deep as deep\ndef f():\n  "New."\n  return deep.X\n',
        ),
    ],
    ids=["unrelated", "new", "comment and format", "docstrings"],
)
def test_an_unrelated_module_or_a_comment_does_not_change_the_digest(digest_of, file, text):
    assert digest_of({file: text}) == digest_of()


def test_a_string_that_is_no_docstring_changes_the_digest(digest_of):
    text = PACKAGE["pkg/room/deep.py"]
    a, b = (digest_of({"pkg/room/deep.py": f"{text}S = '{s}'\n"}) for s in "ab")
    assert a != b


def raising(message, loss="x"):
    return (
        f"import json\n\nX = 1\n'''{message}'''\n\n"
        f"def f(log, x):\n    log.info('{message} %s', {loss})\n"
        f"    if not x:\n        raise ValueError(f'{message} {{x}}' '{message}')\n"
    )


def test_a_reworded_message_or_attribute_docstring_does_not_change_the_digest(digest_of):
    a, b = (digest_of({"pkg/room/deep.py": raising(text)}) for text in ("one", "another"))
    assert a == b


def test_a_reworded_description_of_a_setting_does_not_change_the_digest_and_its_bounds_do(
    digest_of,
):
    first, reworded, wider = (
        digest_of({"pkg/room/deep.py": f"X = Field(1, ge={least}, description='{text}')\n"})
        for least, text in ((0, "one"), (0, "another"), (-1, "one"))
    )
    assert first == reworded != wider


def test_code_in_the_arguments_of_a_log_line_changes_the_digest(digest_of):
    a, b = (digest_of({"pkg/room/deep.py": raising("one", loss)}) for loss in ("x", "x()"))
    assert a != b


@pytest.mark.parametrize(
    "file", ["artifacts/tables.py", "command.py", "errors.py", "logs.py", "progress.py"]
)
def test_plumbing_does_not_count(digest_of, file):
    name = f"safeneuron/{file}"
    module = name.removesuffix(".py").replace("/", ".")
    package = {"safeneuron/__init__.py": "", "stage.py": f"import pkg\nimport {module}\n"}
    a, b = (digest_of({**package, name: f"X = {x}\n"}) for x in (1, 2))
    assert a == b


@pytest.mark.parametrize("name", ["pkg/room/templates/page.html", "pkg/room/tasks.yaml"])
def test_the_data_of_a_modules_package_count(digest_of, name):
    a, b = (digest_of({name: text}) for text in ("one", "two"))
    assert len({a, b, digest_of()}) == 3


def test_the_data_of_another_package_do_not_count(digest_of):
    package = {"pkg/room/other/__init__.py": ""}
    a, b = (digest_of({**package, "pkg/room/other/x.yaml": text}) for text in ("one", "two"))
    assert a == b


def test_the_reports_template_is_part_of_the_reports_digest_alone():
    template = LIBRARY / "safeneuron/report/templates/page.html"
    assert template in _package_data(LIBRARY / "safeneuron/report")
    assert LIBRARY / "safeneuron/report/__init__.py" in imported_files(
        LIBRARY / "report.py", LIBRARY
    )
    assert template not in _package_data(LIBRARY / "safeneuron")


def test_moving_code_to_another_module_changes_the_digest(digest_of):
    moved = {"pkg/room/deep.py": "", "pkg/room/__init__.py": PACKAGE["pkg/room/deep.py"]}
    assert digest_of(moved) != digest_of()


@pytest.mark.parametrize(
    "statement",
    [
        "import pkg.room.unrelated",
        "import pkg.room.unrelated as u",
        "from pkg.room import unrelated",
        "from pkg.room.unrelated import Y",
        "from pkg.room.unrelated import *",
        "def f():\n    from pkg.room import unrelated",
        "if True:\n    import pkg.room.unrelated",
    ],
)
def test_every_form_of_import_is_followed(tmp_path, digest_of, statement):
    digest_of({"stage.py": statement + "\n"})
    root = tmp_path / "0"
    names = {str(p.relative_to(root)) for p in imported_files(root / "stage.py", root)}
    assert names == {"stage.py", "pkg/__init__.py", "pkg/room/__init__.py", "pkg/room/unrelated.py"}


def test_a_cycle_of_imports_ends(digest_of):
    cycle = {"pkg/room/deep.py": "import pkg.room.middle\n"}
    assert digest_of(cycle) == digest_of(cycle)


def test_nothing_is_executed(digest_of):
    digest_of({"pkg/room/deep.py": "raise SystemExit('executed')\n"})


def test_a_checkout_reached_through_a_link_has_the_same_digest(tmp_path, digest_of):
    expected = digest_of()
    (tmp_path / "link").symlink_to(tmp_path / "0")
    root = tmp_path / "link"
    assert source_digest(root / "stage.py", root) == expected


def test_a_root_given_relative_to_the_working_directory_has_the_same_digest(
    tmp_path, digest_of, monkeypatch
):
    expected = digest_of()
    monkeypatch.chdir(tmp_path)
    assert source_digest(Path("0/stage.py"), Path("0")) == expected


def rooms(script):
    """The library's rooms and modules that a stage imports, as paths below the library."""
    files = imported_files(LIBRARY / f"{script}.py", LIBRARY)
    return {p.relative_to(LIBRARY / "safeneuron") for p in files if p.parent != LIBRARY}


def test_scoring_is_not_rerun_for_a_change_of_models_capture_or_attack():
    assert {path.parts[0] for path in rooms("score")}.isdisjoint({"models", "capture", "attack"})
    assert Path("neurons/scores.py") in rooms("score")


@pytest.mark.parametrize(
    "script", ["pretrain_organism", "tune_organism", "align", "reference_log_probs"]
)
def test_no_change_of_generation_or_of_the_gate_trains_a_model_again(script):
    generates = {Path("models/generation.py"), Path("organism/behaviour.py")}
    assert generates.isdisjoint(rooms(script))
    assert generates <= rooms("validate_organism")


def test_capture_is_rerun_for_a_change_of_sites_but_not_of_scores_or_the_attack():
    assert Path("models/sites.py") in rooms("capture")
    assert Path("neurons/scores.py") not in rooms("capture")
    assert {path.parts[0] for path in rooms("capture")}.isdisjoint({"attack", "figures"})


def imports_of(path):
    """Top-level packages that a file imports anywhere in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield node.module.split(".")[0]


@pytest.mark.parametrize("script", LIGHT)
def test_stages_without_a_model_reach_no_model_library(script):
    for path in imported_files(LIBRARY / f"{script}.py", LIBRARY):
        assert HEAVY.isdisjoint(imports_of(path)), path


def test_the_check_above_would_see_torch():
    files = imported_files(LIBRARY / "attack.py", LIBRARY)
    assert {"torch", "transformers"} <= {name for path in files for name in imports_of(path)}


def test_the_library_uses_no_relative_import_which_would_not_be_followed():
    for path in LIBRARY.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            assert not (isinstance(node, ast.ImportFrom) and node.level), path

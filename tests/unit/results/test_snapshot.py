"""What git keeps of an experiment: whole, its largest table shortened, with the machine's name."""

import csv
import json
from importlib.metadata import version

import pytest

from safeneuron.results.snapshot import MACHINE, copy_results

TABLE = "attack,category,asr\npaper,overall,0.5\npaper,c1,0.25\nclean,overall,0.125\n"


def made(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_files_are_copied_to_their_places_byte_for_byte(tmp_path):
    run, kept = tmp_path / "run", tmp_path / "kept"
    names = ["tables/contrasts.md", "figures/rounds/m.png", "figures/attack/m.png"]
    copy_results([made(run / name, name) for name in names], run, kept)
    assert {name: (kept / name).read_text() for name in names} == {name: name for name in names}


def test_the_largest_table_keeps_its_rows_of_whole_benchmarks(tmp_path):
    run, kept = tmp_path / "run", tmp_path / "kept"
    copy_results([made(run / "tables/attack_success.csv", TABLE)], run, kept)
    with (kept / "tables/attack_success.csv").open() as lines:
        rows = [(row["attack"], row["category"], row["asr"]) for row in csv.DictReader(lines)]
    assert rows == [("paper", "overall", "0.5"), ("clean", "overall", "0.125")]


def test_a_snapshot_names_the_machine_and_the_libraries(tmp_path):
    copy_results([made(tmp_path / "run/a.md", "")], tmp_path / "run", tmp_path / "kept")
    machine = json.loads((tmp_path / "kept" / MACHINE).read_text())
    assert machine["torch"] == version("torch")
    assert machine["processor"]


def test_a_file_of_another_experiment_leaves_nothing(tmp_path):
    files = [made(tmp_path / "run/a.md", ""), made(tmp_path / "other/b.md", "")]
    with pytest.raises(ValueError, match=r"b\.md"):
        copy_results(files, tmp_path / "run", tmp_path / "kept")
    assert not (tmp_path / "kept").exists()

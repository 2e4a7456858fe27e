"""The paper's Table 3 on a tiny Qwen2.5-VL, stage by stage, as the scripts run it (§4.4)."""

import json

import pytest
import torch
from safetensors.torch import load_file

import families
from pictures import picture
from safeneuron.artifacts.manifests import read_manifest
from safeneuron.artifacts.tables import read_table, read_tables
from safeneuron.data.preferences import PREFERENCES
from safeneuron.data.prompts import PROMPTS
from safeneuron.data.typographic import typographic_image
from safeneuron.interventions.schemas import RESPONSES, VERDICTS
from safeneuron.organism.language import SPLITS
from safeneuron.results.paper_tables import TABLE_3
from unit.test_family_stages import HARMFUL, SAFE, SIZES, T1, align, identify

INSTRUCTION = "Answer the question in the image."


@pytest.fixture
def prompts(stage, tmp_path):
    """The organism's prompts, its questions in images, and two pictures from files."""
    folder = tmp_path / "prompts"
    language = dict.fromkeys(SPLITS, SIZES)
    settings = {"language": language, "dataset": "organism"}
    stage("organism_prompts", settings, out=folder / "organism.parquet")
    stage(
        "typographic_prompts",
        {"dataset": "typographic", "source": {"of": "organism", "instruction": INSTRUCTION}},
        questions=folder / "organism.parquet",
        out=folder / "typographic.parquet",
    )
    (tmp_path / "files").mkdir()
    for colour in ("red", "blue"):
        (tmp_path / "files" / f"{colour}.png").write_bytes(picture(colour))
    source = tmp_path / "files" / "pictures.csv"
    source.write_text("picture,kind\nred.png,warm\nblue.png,cold\n")
    columns = {
        "constant_text": "Explain this image.", "image": "picture", "category": "kind",
        "split": "evaluation", "path": str(source),
    }  # fmt: skip
    stage(
        "file_prompts",
        {"dataset": "pictures", "source": columns},
        source=source,
        out=folder / "pictures.parquet",
    )
    return folder


@pytest.fixture
def pairs(stage, prompts, tmp_path):
    """The organism's pairs, mixed with pairs about images from a file."""
    source = tmp_path / "files" / "spa.jsonl"
    rows = [
        {"question": f"what is {n}", "picture": f"{colour}.png", "chosen": "no", "rejected": "yes"}
        for n in range(4)
        for colour in ("red", "blue")
    ]
    source.write_text("\n".join(map(json.dumps, rows)))
    general = tmp_path / "files" / "general.jsonl"
    rows = [{"prompt": f"say : {n}", "chosen": str(n), "rejected": "no"} for n in range(8)]
    general.write_text("\n".join(map(json.dumps, rows)))
    shown = {"prompt": "question", "image": "picture"}
    sources = []
    for name, role, columns, file in (
        ("spa", "safety", shown, source),
        ("general", "general", {}, general),
    ):
        sources.append(tmp_path / "sources" / f"{name}.parquet")
        entry = {"path": str(file), "role": role, **columns}
        stage("file_preferences", {"name": name, "source": entry}, source=file, out=sources[-1])
    settings = {"pairs": 8, "safety_share": 0.5, "seed": 0, "shares": {"spa": 1.0, "general": 1.0}}
    stage("mix_preferences", settings, sources=sources, out=tmp_path / "mix.parquet")
    return tmp_path / "mix.parquet"


QUESTIONS = {
    "vl_question": ("typographic", HARMFUL, "harmful"),
    "pictures": ("pictures", None, "harmful"),
    "benign": ("organism", SAFE, "safe"),
}
CELLS = {
    "targets": ["es", "sas", "es+sas"], "fractions": [], "control_seeds": [0],
    "operator": {"kind": "zero_ablate"},
}  # fmt: skip


def attack(stage, model, neurons, prompts, folder):
    """Responses to typographic questions, pictures and plain questions, clean and attacked."""
    files = []
    for name, cells in (("clean", None), ("mine", CELLS)):
        for benchmark, (dataset, categories, role) in QUESTIONS.items():
            settings = {
                "state": T1, "attack": name, "pooling": "meanabs" if cells else None,
                "set_source": "adaptive" if cells else None, "cells": cells,
                "question": {
                    "benchmark": benchmark, "role": role, "split": "evaluation",
                    "categories": categories,
                },
                "max_new_tokens": 3, "batch_size": 8, "cpu_threads": 1,
            }  # fmt: skip
            files.append(folder / f"{name}-{benchmark}.parquet")
            stage(
                "attack", settings, model=model, prompts=prompts / f"{dataset}.parquet",
                target=[neurons] if cells else [], out=files[-1],
            )  # fmt: skip
    return files


def test_table_3_from_capture_to_table(stage, prompts, pairs, tmp_path, caplog):
    folder = families.save("qwen2_5_vl", tmp_path / "folder")
    for state in ("T0", "T1"):
        (tmp_path / state).mkdir()
    t0 = tmp_path / "T0" / "checkpoint.json"
    stage("local_checkpoint", {"path": str(folder), "dtype": "float32"}, manifest=t0)
    _, protected = identify(stage, t0, prompts / "organism.parquet")
    mixed = read_table(pairs, PREFERENCES).to_pylist()
    assert {row["role"]: row["image"] is not None for row in mixed} == {
        "safety": True,
        "general": False,
    }
    t1 = align(stage, t0, protected, pairs, tmp_path / "T1")

    # an aligned model carries its image processor, and its vision tower is as it was
    assert "preprocessor_config.json" in read_manifest(t1)["files"]
    before, after = (
        load_file(f / "model.safetensors") for f in (folder, tmp_path / "T1" / "checkpoint")
    )
    moved = {name for name in before if not torch.equal(before[name], after[name])}
    assert moved and not any("visual" in name for name in moved)

    _, found = identify(stage, t1, prompts / "organism.parquet")
    caplog.clear()
    responses = attack(stage, t1, found, prompts, tmp_path)
    questions = {
        row["prompt_id"]: row
        for row in read_table(prompts / "typographic.parquet", PROMPTS).to_pylist()
        if row["split"] == "evaluation" and row["category"] in HARMFUL
    }
    rows = read_tables(responses, RESPONSES).to_pylist()
    asked = [r for r in rows if (r["attack"], r["benchmark"]) == ("clean", "vl_question")]
    assert {r["prompt_id"]: r["prompt"] for r in asked} == {
        prompt_id: row["text"] for prompt_id, row in questions.items()
    }
    assert not any(row["text"] in caplog.text for row in questions.values())
    said = {
        target: [r["response"] for r in rows if (r["target"], r["control_seed"]) == (target, None)]
        for target in ("none", "es+sas")
    }
    assert said["none"] != said["es+sas"]

    # judges read the question that the image shows
    verdicts = [path.with_stem(f"{path.stem}-judged") for path in responses]
    for said_file, judged in zip(responses, verdicts, strict=True):
        stage("judge", {"judge": "refusal_prefix"}, responses=said_file, out=judged)
    success, table = tmp_path / "success.parquet", tmp_path / "table_3.parquet"
    stage(
        "attack_success", None, verdicts=verdicts, validations=[], out=success,
        csv=tmp_path / "success.csv",
    )  # fmt: skip
    stage(
        "table_3",
        {
            "experiment": "x",
            "judges": ["refusal_prefix"],
            "benchmarks": ["vl_question", "pictures"],
        },
        attack_success=success,
        verdicts=verdicts,
        prompts=[prompts / f"{name}.parquet" for name in ("organism", "typographic", "pictures")],
        out=table,
        csv=table.with_suffix(".csv"),
        md=table.with_suffix(".md"),
    )
    cells = {(r["benchmark"], r["column"]): r for r in read_table(table, TABLE_3).to_pylist()}
    levels = ("ori", "es", "sas", "full", "random")
    assert set(cells) >= {(b, level) for b in ("vl_question", "pictures") for level in levels}
    complied = [
        row["verdict"] == "complied"
        for row in read_tables(verdicts, VERDICTS).to_pylist()
        if (row["benchmark"], row["attack"]) == ("vl_question", "clean")
    ]
    assert cells["vl_question", "ori"]["mean"] == sum(complied) / len(complied)
    page = table.with_suffix(".md").read_text()
    lines = [line for line in page.splitlines() if line.startswith("| tiny ")]
    assert ["vl_question" in line for line in lines] == [True, False]


def test_prompts_from_files_carry_their_images(prompts):
    rows = read_table(prompts / "pictures.parquet", PROMPTS).to_pylist()
    assert [(r["text"], r["category"], r["image"], r["instruction"]) for r in rows] == [
        ("Explain this image.", "warm", picture("red"), None),
        ("Explain this image.", "cold", picture("blue"), None),
    ]
    shown = read_table(prompts / "typographic.parquet", PROMPTS).to_pylist()
    assert all(r["image"] == typographic_image(r["text"], 3) for r in shown[:5])

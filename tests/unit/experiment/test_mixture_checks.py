"""Mixtures of experts in a configuration: what is refused before any job, and what they need."""

import csv
import json

import pytest

import mixtures
from families import HIDDEN, LAYERS, TOKENIZER
from mixtures import CHOSEN, EXPERTS, NEURONS, WIDTH
from safeneuron.config.load import ConfigError, load_config
from safeneuron.config.schema.attacks.interpolate import InterpolateAttack
from safeneuron.config.schema.attacks.single import SingleAttack
from safeneuron.config.schema.attacks.taylor import TaylorAttack
from safeneuron.experiment.checks import check_inputs
from safeneuron.experiment.mixture_checks import check_mixtures
from safeneuron.experiment.requests import forward, generation
from safeneuron.experiment.size import ModelSize, folder_size
from safeneuron.models.refused import REFUSED


@pytest.fixture(scope="module", params=mixtures.KINDS)
def folder(request, tmp_path_factory):
    return mixtures.save(request.param, tmp_path_factory.mktemp("mixture") / request.param)


@pytest.fixture
def config_of(tmp_path):
    """A configuration with a model in a folder, that is aligned, as `align.training` says."""
    prompts = tmp_path / "prompts.csv"

    def config(folder, bad=20, good=20, **training):
        rows = [("prompt", "topic")]
        rows += [
            (f"{kind} {i}", kind) for kind, n in (("bad", bad), ("good", good)) for i in range(n)
        ]
        with prompts.open("w", newline="", encoding="utf-8") as stream:
            csv.writer(stream).writerows(rows)
        side = {"datasets": ["mine"]}
        return load_config(
            {
                "models": {"moe": {"kind": "local", "path": str(folder)}},
                "datasets": {
                    "organism": {"kind": "organism"},
                    "mine": {
                        "kind": "file",
                        "path": str(prompts),
                        "text": "prompt",
                        "category": "topic",
                    },
                },
                "identification": {
                    "unsafe": {**side, "categories": ["bad"]},
                    "safe": {**side, "categories": ["good"]},
                    "nulls": {"draws": 0},
                },
                "align": {"training": training},
                "run": {"models": ["moe"], "attacked": [], "aligned": ["moe"]},
            }
        )

    return config


@pytest.mark.parametrize("attack", [TaylorAttack(), SingleAttack()], ids=["taylor", "single"])
def test_gradients_by_the_neurons_of_a_mixture_are_refused(folder, config_of, attack):
    config = config_of(folder)
    counts = {"mine": {("identification", kind): 20 for kind in ("bad", "good")}}
    config.run.attacked.append("moe")
    config.attack.attacks["mine"] = attack
    with pytest.raises(ConfigError, match=r"mine\.kind: .* gradients by the neurons"):
        check_mixtures(config, counts)
    config.attack.attacks["mine"] = attack.model_copy(update={"models": ["organism"]})
    check_mixtures(config, counts)


def test_moving_weights_toward_files_that_keep_experts_apart_is_refused(
    folder, config_of, tmp_path
):
    counts = {"mine": {("identification", kind): 20 for kind in ("bad", "good")}}
    attack = InterpolateAttack(toward="moe")
    for checked in (folder, mixtures.save("gpt_oss", tmp_path / "gpt_oss")):
        config = config_of(checked)
        config.run.attacked.append("moe")
        config.attack.attacks["back"] = attack
        if checked == folder:
            with pytest.raises(ConfigError, match=r"back\.kind: .* keep each expert apart"):
                check_mixtures(config, counts)
            config.attack.attacks["back"] = attack.model_copy(update={"models": ["organism"]})
        check_mixtures(config, counts)


def changed(folder, tmp_path, **settings):
    """The folder with other settings in its config.json."""
    again = tmp_path / "changed"
    again.mkdir()
    for path in folder.iterdir():
        (again / path.name).symlink_to(path)
    config = json.loads((folder / "config.json").read_text()) | settings
    (again / "config.json").unlink()
    (again / "config.json").write_text(json.dumps(config))
    return again


def refusal(config, tmp_path):
    with pytest.raises(ConfigError) as caught:
        check_inputs(config, tmp_path)
    return str(caught.value)


def test_supported_mixtures_pass(folder, config_of, tmp_path):
    check_inputs(config_of(folder), tmp_path)
    check_inputs(config_of(folder, parallel="ddp", gpus=2, accumulation=2), tmp_path)


@pytest.mark.parametrize(
    ("settings", "found"),
    [
        ({"model_type": "dots1"}, "('dots1', "),
        ({"model_type": "phimoe"}, "('phimoe', "),
        ({"num_experts_per_tok": [2, 1]}, "that differs by layer (num_experts_per_tok [2, 1])"),
        ({"num_experts_per_tok": None}, "without num_experts_per_tok"),
        ({"quantization_config": {"quant_method": "mxfp4"}}, "with quantized weights (mxfp4; save"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_other_mixtures_are_refused_with_what_was_found(
    folder, settings, found, config_of, tmp_path
):
    says = refusal(config_of(changed(folder, tmp_path, **settings)), tmp_path)
    assert says.startswith("models.moe.path: ")
    assert found in says
    assert "mixtral, olmoe, qwen3_moe" in says


@pytest.mark.parametrize("kind", REFUSED)
def test_types_that_are_not_supported_are_refused_with_what_was_found(
    folder, kind, config_of, tmp_path
):
    says = refusal(config_of(changed(folder, tmp_path, model_type=kind)), tmp_path)
    assert says.startswith("models.moe.path: ")
    assert f"a model of type '{kind}' has {REFUSED[kind]}, which is not supported" in says
    assert "docs/families.md" in says


@pytest.mark.parametrize(
    ("training", "named"),
    [
        ({"lora": {"rank": 2, "alpha": 4}, "train_embeddings": False}, "lora"),
        ({"parallel": "fsdp", "kl_weight": 0.0}, "parallel: fsdp"),
    ],
)
def test_training_that_cannot_be_proved_is_refused(folder, training, named, config_of, tmp_path):
    says = refusal(config_of(folder, **training), tmp_path)
    assert says == (
        f"align.training: {named} does not train a mixture of experts, as 'moe' of run.aligned is; "
        "allowed are lora: null, parallel: none or ddp"
    )


def test_an_arm_that_zeroes_neurons_of_experts_for_some_pairs_is_refused(
    folder, config_of, tmp_path
):
    plain = config_of(folder)
    for arms, refused in ((["direction_ablate", "recover", "ablate"], False), (["harden"], True)):
        run = plain.run.model_copy(update={"arms": arms})
        config = plain.model_copy(update={"run": run})
        if refused:
            says = refusal(config, tmp_path)
            assert says.startswith("run.arms: 'harden' zeroes neurons for safety pairs alone")
        else:
            check_inputs(config, tmp_path)


def test_a_mixture_is_measured_from_its_configuration(folder):
    parameters = sum(p.numel() for p in mixtures.build(folder.name).parameters())
    size = folder_size(folder)
    assert size == ModelSize(
        parameters=parameters,
        layers=LAYERS,
        hidden=HIDDEN,
        intermediate=NEURONS,
        vocabulary=len(TOKENIZER),
        cache_width=2 * 2 * 16,
        idle=LAYERS * (EXPERTS - CHOSEN) * WIDTH,
    )
    others = LAYERS * 3 * HIDDEN * (NEURONS - CHOSEN * WIDTH)
    assert size.active == parameters - others


def test_a_mixture_computes_with_what_tokens_reach_and_holds_all():
    mixtral = {"layers": 32, "hidden": 4096, "vocabulary": 32_000, "cache_width": 2048}
    mixture = ModelSize(46_702_792_704, intermediate=114_688, idle=32 * 86_016, **mixtral)
    assert mixture.active == pytest.approx(12.9e9, rel=0.01)  # as its authors say (2401.04088)
    dense = ModelSize(46_702_792_704, intermediate=28_672, **mixtral)
    passes = [forward(size, 2, 32, 100, 1000) for size in (mixture, dense)]
    assert passes[0].flops == pytest.approx(passes[1].flops * 12.9 / 46.7, rel=0.01)
    assert passes[0].written == 4 * passes[1].written  # moments of all experts
    assert passes[0].bytes > 2 * mixture.parameters
    answers = [generation(size, 2, 32, 100, 50, 1000) for size in (mixture, dense)]
    assert answers[0].weight_bytes == answers[1].weight_bytes  # a batch reaches all experts


def test_too_few_prompts_to_score_any_expert_are_refused(folder, config_of, tmp_path):
    for side, few in (("unsafe", {"bad": 19}), ("safe", {"good": 19})):
        says = refusal(config_of(folder, **few), tmp_path)
        name = "mine/bad" if side == "unsafe" else "safe"
        assert says.startswith(f"identification.{side}: '{name}' has 19 prompts, and an expert of")
        assert "at least 20 of a side" in says

"""Rules between the keys of a section, and between sections: refused with what breaks them."""

import pytest

from safeneuron.config.load import load_config
from safeneuron.config.schema.experiment import Config
from unit.config.messages import file_dataset, message, selection, wrong

PROBE = {"fractions": []}

PROBES_AND_CASES = [
    wrong(
        "one draw of the nulls",
        {"identification": {"nulls": {"draws": 1}}},
        "identification.nulls.draws: 1 draw has no interval; 2 or more, or 0 for none of these",
    ),
    wrong(
        "probes alone",
        {
            **selection(kind="probe"),
            "align": {"selections": ["mine"]},
            "attack": {"attacks": {"mine": {**PROBE, "selection": "mine"}}},
        },
        "identification.selections: all are probes; at least one must be of kind thresholds or ",
    ),
    wrong(
        "a target that the selection has not",
        {"attack": {"attacks": {"mine": {**PROBE, "selection": "probe", "targets": ["es"]}}}},
        "attack.attacks.mine.targets: 'es' has es, which is no criterion of "
        "identification.selections.probe; it has probe",
    ),
    wrong(
        "the other end of a probe's ranking",
        {"attack": {"attacks": {"mine": {**PROBE, "selection": "probe", "order": "least"}}}},
        "attack.attacks.mine.order: a probe's set ('probe') has no ranking to be read from its "
        "other end; allowed: most",
    ),
    wrong(
        "fractions of a probe",
        {"attack": {"attacks": {"mine": {**PROBE, "selection": "probe", "fractions": [0.1]}}}},
        "attack.attacks.mine.fractions: a probe's set ('probe') ranks no fractions; allowed: [] "
        "(found: [0.1])",
    ),
    wrong(
        "unknown attack of the cases",
        {"report": {"case_studies": {"attack": "magnitud"}}},
        "report.case_studies.attack: 'magnitud' is not in 'attack.attacks', did you mean "
        "'magnitude'?; it has magnitude, paper, static",
    ),
    wrong(
        "attack that the run has not",
        {"run": {"attacks": ["paper"]}},
        "report.case_studies.attack: 'magnitude' is not in 'run.attacks'; it has paper",
    ),
    wrong(
        "attack named clean",
        {"attack": {"attacks": {"clean": {"selection": "paper"}}}},
        "attack.attacks: 'clean' is the name of no attack at all",
    ),
    wrong(
        "attack of a selection that the run has not",
        {"run": {"selections": ["magnitude", "probe"]}},
        "attack.attacks.paper.selection: 'paper' is not in 'run.selections'; it has magnitude, ",
    ),
    wrong(
        "unknown choices",
        {"run": {"benchmarks": ["harmfull"]}},
        "run.benchmarks: 'harmfull' is not in 'attack.benchmarks', did you mean 'harmful'?",
    ),
    wrong(
        "static attack of the cases",
        {"report": {"case_studies": {"attack": "static"}}},
        "report.case_studies.attack: attack.attacks.static needs source adaptive; name another",
    ),
    wrong(
        "attack of the cases without its whole set",
        {"attack": {"attacks": {"magnitude": {"selection": "paper", "targets": ["es"]}}}},
        "report.case_studies.attack: attack.attacks.magnitude needs es+sas among its targets; name",
    ),
    wrong(
        "attack of the cases not on T0",
        {"attack": {"attacks": {"magnitude": {"selection": "paper", "rounds": [3], "arms": []}}}},
        "attack.attacks.magnitude needs base among its arms, 0 among its rounds; name",
    ),
    wrong(
        "attack of the cases on no attacked model",
        {
            "attack": {
                "attacks": {"magnitude": {"selection": "paper", "models": ["organism-small"]}}
            }
        },
        "attack.attacks.magnitude needs one of run.attacked among its models; name",
    ),
]

RULES_OF_SECTIONS = [
    wrong(
        "heads do not divide",
        {"models": {"mine": {"kind": "organism", "hidden": 100, "heads": 3}}},
        "models.mine",
        "hidden 100 with 3 heads; hidden / heads must be even",
    ),
    wrong(
        "pairs do not divide",
        {"align": {"training": {"batch_pairs": 10, "accumulation": 3}}},
        "align.training: batch_pairs 10 is not a multiple of accumulation 3",
    ),
    wrong(
        "GPUs of one process",
        {"align": {"training": {"gpus": 2}}},
        "align.training: gpus: 2 with parallel: none; take ddp or fsdp",
    ),
    wrong(
        "GPUs that micro-batches cannot be shared among",
        {"align": {"training": {"parallel": "ddp", "gpus": 4, "accumulation": 2}}},
        "align.training: accumulation 2 is not a multiple of gpus 4",
    ),
    wrong(
        "no number of copies",
        {"align": {"training": {"parallel": "ddp"}}},
        "align.training: parallel: ddp needs 'gpus'",
    ),
    wrong(
        "sharded beside a reference",
        {"align": {"training": {"parallel": "fsdp"}}},
        "align.training.kl_weight: 10.0 needs a reference model in each process",
    ),
    wrong(
        "sharded beside a reference in one round",
        {
            "align": {
                "training": {"parallel": "fsdp", "kl_weight": 0},
                "overrides": {2: {"kl_weight": 1.5}},
            }
        },
        "align.overrides.2.kl_weight: 1.5 needs a reference model",
    ),
    wrong(
        "low rank and embeddings",
        {"align": {"training": {"lora": {"rank": 8}, "train_embeddings": True}}},
        "align.training: lora trains the decoder's linear layers alone",
    ),
    wrong(
        "low rank and shards",
        {"align": {"training": {"lora": {"rank": 8}, "parallel": "fsdp", "kl_weight": 0}}},
        "align.training: lora with parallel: fsdp is not supported; take none or ddp",
    ),
    wrong(
        "low rank and single neurons",
        {"align": {"training": {"lora": {}}}, "run": {"arms": ["dpo", "sn_tune"]}},
        "run.arms: 'sn_tune' (sn_tune) trains the weights of single neurons",
    ),
    wrong(
        "directions found on a model in parts",
        {
            "align": {"training": {"parallel": "fsdp", "kl_weight": 0}},
            "run": {"arms": ["dpo", "direction_ablate"]},
        },
        "run.arms: 'direction_ablate' (direction_ablate) finds refusal directions on the whole "
        "model in each process, which parallel: fsdp does not keep; take align.training.parallel",
    ),
    wrong(
        "forced words without a reference",
        {
            "align": {"training": {"parallel": "fsdp", "kl_weight": 0}},
            "run": {"arms": ["dpo", "recover"]},
        },
        "run.arms: 'recover' (recover) needs a reference model in each process, which parallel: "
        "fsdp does not keep",
    ),
    wrong(
        "an attack that the method does not simulate",
        {"align": {"arms": {"dpo": {"method": "dpo", "direction_probability": 0.3}}}},
        "align.arms.dpo: direction_probability: 0.3, but method 'dpo' simulates no 'direction' "
        "attack; take it out, or take a method that does: direction_ablate",
    ),
    wrong(
        "words that the method does not force",
        {"align": {"arms": {"ablate": {"method": "ablate", "prefill_tokens": 2}}}},
        "align.arms.ablate: prefill_tokens: 2, but method 'ablate' simulates no 'prefill' attack",
    ),
    wrong(
        "reserved arm",
        {"align": {"arms": {"base": {"method": "dpo"}}}, "run": {"arms": ["base"]}},
        "align.arms: 'base' is the name of the model that is not aligned",
    ),
    wrong(
        "no text column",
        file_dataset(category="topic"),
        "datasets.mine",
        "'text' is missing; it names the column",
    ),
    wrong(
        "no category",
        file_dataset(text="prompt"),
        "datasets.mine",
        "give exactly one of 'category' and 'constant_category'",
    ),
    wrong(
        "two categories",
        file_dataset(text="prompt", category="topic", constant_category="safe"),
        "datasets.mine",
        "give exactly one of 'category' and 'constant_category'",
    ),
    wrong(
        "column of a nested file",
        file_dataset(nested=True, category="topic"),
        "datasets.mine",
        "drop text, category, constant_category",
    ),
]


ORGANISMS = {"run": {"models": ["organism"], "aligned": ["organism"], "arms": ["dpo"]}}
DPO = {"method": "dpo"}
ONLY_SMALL = {**DPO, "models": ["organism-small"]}

ARMS_AND_ROUNDS_OF_MODELS = [
    wrong(
        "arm of an unknown model",
        {"run": {"arms": ["dpo"]}, "align": {"arms": {"dpo": {**DPO, "models": ["organsm"]}}}},
        "align.arms.dpo.models: 'organsm' is not in 'models', did you mean 'organism'?",
    ),
    wrong(
        "rounds of an unknown model",
        {"align": {"rounds_of": {"organsm": 2}}},
        "align.rounds_of: 'organsm' is not in 'models'",
    ),
    wrong(
        "no arm for an aligned model",
        {**ORGANISMS, "align": {"arms": {"dpo": ONLY_SMALL}}},
        "run.aligned: none of run.arms is for 'organism'; add it to the 'models' of one",
    ),
    wrong(
        "override of a round that no model has",
        {"align": {"rounds": 1, "rounds_of": {"organism": 2}, "overrides": {3: {"steps": 5}}}},
        "align.overrides: there is no round 3; align.rounds is 2",
    ),
]


def test_a_model_has_the_arms_and_the_rounds_that_are_for_it():
    config = load_config(
        {
            "run": {"arms": ["dpo", "small"]},
            "align": {
                "rounds": 1,
                "rounds_of": {"organism": 2},
                "arms": {"dpo": DPO, "small": ONLY_SMALL},
                "overrides": {2: {"steps": 5}},
            },
        }
    )
    assert config.arms_of("organism") == ["dpo"]
    assert config.arms_of("organism-small") == ["dpo", "small"]
    assert [config.align.rounds_for(m) for m in ("organism", "organism-small")] == [2, 1]


@pytest.mark.parametrize(
    ("raw", "says"), [*PROBES_AND_CASES, *RULES_OF_SECTIONS, *ARMS_AND_ROUNDS_OF_MODELS]
)
def test_message(raw, says):
    text = message(raw)
    assert [part for part in says if part not in text] == [], text


def test_a_probe_may_be_attacked_with_its_whole_set():
    raw = {"attack": {"attacks": {**Config().model_dump()["attack"]["attacks"]}}}
    raw["attack"]["attacks"]["mine"] = {**PROBE, "selection": "probe"}
    config = load_config(raw)
    assert config.attacks["mine"].targets_among(config.criteria_of("mine")) == ["probe"]


def test_a_run_chooses_from_the_registries():
    config = load_config({"run": {"attacks": ["static", "magnitude"], "benchmarks": ["harmful"]}})
    assert list(config.attacks) == ["static", "magnitude"]
    assert list(config.benchmarks) == ["harmful"]
    assert list(config.selections) == list(config.identification.selections)
    assert config.attacks["static"].targets_among(config.criteria_of("static")) == ["es+sas"]
    assert config.attacks["magnitude"].targets_among(["es", "sas"]) == ["es", "sas", "es+sas"]

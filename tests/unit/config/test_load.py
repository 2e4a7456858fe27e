"""A wrong configuration is refused with the key, the value found and what is allowed."""

import pytest

from safeneuron.config.load import canonical_json, load_config
from safeneuron.config.schema.experiment import Config
from safeneuron.neurons.criteria.registry import Thresholds
from unit.config.messages import file_dataset, message, selection, wrong

UNKNOWN_KEYS = [
    wrong(
        "depth 1",
        {"seedz": [1]},
        "unknown key 'seedz', did you mean 'seeds'?; allowed: experiment, data, seeds,",
    ),
    wrong(
        "depth 2",
        {"compute": {"cpu_thread": 2}},
        "compute: unknown key 'cpu_thread', did you mean 'cpu_threads'?; "
        "allowed: cpu_threads, batch_size",
    ),
    wrong(
        "depth 3",
        {"organism": {"pretrain": {"stepz": 5}}},
        "organism.pretrain: unknown key 'stepz', did you mean 'steps'?; allowed: steps, batch_size",
    ),
    wrong(
        "depth 4",
        {"organism": {"gate": {"refusals": 0.9}}},
        "organism.gate: unknown key 'refusals', did you mean 'refusal'?",
        "allowed: refusal, benign_exact, over_refusal, when_missed",
    ),
    wrong(
        "in a registry",
        {"attack": {"attacks": {"mine": {"selection": "paper", "target": ["es"]}}}},
        "attack.attacks.mine: unknown key 'target', did you mean 'targets'?",
        "; allowed: kind, selection, ",
    ),
    wrong("near nothing", {"zzz": 1}, "unknown key 'zzz'; allowed: experiment"),
    wrong("not text", {1: 2}, "unknown key '1'; allowed: experiment"),
]

WRONG_VALUES = [
    wrong("text for a number", {"compute": {"cpu_threads": "4"}}, "cpu_threads", "integer", "'4'"),
    wrong("real for a count", {"compute": {"cpu_threads": 4.5}}, "cpu_threads", "integer", "4.5"),
    wrong("flag for a count", {"seeds": [True]}, "seeds.0", "integer", "True"),
    wrong("one for a list", {"seeds": 0}, "seeds", "valid list", "found: 0"),
    wrong("empty list", {"seeds": []}, "seeds", "at least 1", "[]"),
    wrong(
        "empty list of categories",
        {"identification": {"unsafe": {"datasets": ["organism"], "categories": []}}},
        "identification.unsafe.categories",
        "at least 1",
    ),
    wrong(
        "empty list of categories of a benchmark",
        {
            "attack": {
                "benchmarks": {"b": {"dataset": "organism", "role": "safe", "categories": []}}
            }
        },
        "attack.benchmarks.b.categories",
        "at least 1",
    ),
    wrong("empty section", {"organism": None}, "organism", "dictionary", "None"),
    wrong("number for text", {"experiment": 3}, "experiment", "string", "found: 3"),
    wrong("path as a name", {"experiment": "../x"}, "experiment", "pattern", "'../x'"),
    wrong("seed below 0", {"seeds": [-1]}, "seeds.0", "greater than or equal to 0", "found: -1"),
    wrong("seed above 31 bits", {"seeds": [2**31]}, "seeds.0", "less than 2147483648"),
    wrong(
        "share above 1",
        {"organism": {"gate": {"refusal": 1.5}}},
        "organism.gate.refusal",
        "less than or equal to 1",
        "found: 1.5",
    ),
    wrong(
        "unknown choice",
        selection(pooling="maximum", kind="fraction", fraction=0.1),
        "identification.selections.mine.pooling: must be one of max, last, mean, maxabs, lastabs, "
        "meanabs, did you mean 'max'? (found: 'maximum')",
    ),
    wrong(
        "missing key",
        {"attack": {"attacks": {"mine": {"targets": ["es"]}}}},
        "attack.attacks.mine.selection: missing; this key has no default",
    ),
    wrong(
        "unknown kind",
        {"models": {"mine": {"kind": "lokal", "path": "x"}}},
        "models.mine",
        "'kind'",
        "'lokal'",
        "'organism', 'local'",
    ),
    wrong("no kind", {"models": {"mine": {"path": "x"}}}, "models.mine", "'kind'"),
    wrong("long value", {"experiment": "x" * 200}, "experiment", "at most 64", "xxx..."),
]

THRESHOLDS = [
    wrong("es below 0", selection(kind="thresholds", es=-1, sas=2), ".es:", "equal to 0", "-1"),
    wrong("es above 100", selection(kind="thresholds", es=101, sas=2), ".es:", "to 100", "101"),
    wrong("es not a number", selection(kind="thresholds", es=float("nan"), sas=2), ".es:", "nan"),
    wrong("sas above 100", selection(kind="thresholds", es=3, sas=1000), ".sas:", "100", "1000"),
    wrong("sas missing", selection(kind="thresholds", es=3), ".sas: missing"),
    wrong("fraction 0", selection(kind="fraction", fraction=0), ".fraction:", "greater than 0"),
    wrong(
        "fraction above 1", selection(kind="fraction", fraction=1.1), ".fraction:", "to 1", "1.1"
    ),
]

REFERENCES = [
    wrong(
        "run.models",
        {"run": {"models": ["organizm"]}},
        "run.models: 'organizm' is not in 'models', did you mean 'organism'?; "
        "it has organism-small, organism, organism-large",
    ),
    wrong(
        "run.attacked",
        {"run": {"models": ["organism"], "attacked": ["organism-small"]}},
        "run.attacked: 'organism-small' is not in 'run.models'",
        "it has organism",
    ),
    wrong(
        "run.aligned",
        {"run": {"models": ["organism"], "aligned": ["organism-small"]}},
        "run.aligned: 'organism-small' is not in 'run.models'",
        "it has organism",
    ),
    wrong(
        "run.arms",
        {"run": {"arms": ["frieze"]}},
        "run.arms: 'frieze' is not in 'align.arms', did you mean 'freeze'?; it has dpo, freeze, ",
    ),
    wrong(
        "align.selections",
        {"align": {"selections": ["magnitud"]}},
        "align.selections: 'magnitud' is not in 'identification.selections', "
        "did you mean 'magnitude'?; it has magnitude, paper",
    ),
    wrong(
        "round of an override",
        {"align": {"rounds": 2, "overrides": {3: {"steps": 9}}}},
        "align.overrides: there is no round 3; align.rounds is 2",
    ),
    wrong(
        "unsafe dataset",
        {"identification": {"unsafe": {"datasets": ["organsm"]}}},
        "identification.unsafe.datasets: 'organsm' is not in 'datasets', did you mean 'organism'?",
    ),
    wrong(
        "safe dataset",
        {"identification": {"safe": {"datasets": ["calm"]}}},
        "identification.safe.datasets: 'calm' is not in 'datasets'; it has organism",
    ),
    wrong(
        "pooling of a selection",
        {"identification": {"poolings": ["max"]}},
        "identification.selections.magnitude.pooling: 'meanabs' is not in "
        "'identification.poolings'; it has max",
    ),
    wrong(
        "selection of an attack",
        {"attack": {"attacks": {"mine": {"selection": "papr"}}}},
        "attack.attacks.mine.selection: 'papr' is not in 'identification.selections', "
        "did you mean 'paper'?; it has magnitude, paper",
    ),
    wrong(
        "judge",
        {"attack": {"judges": ["orakle"]}},
        "attack.judges: 'orakle' is not in 'attack.model_judges', did you mean 'oracle'?; "
        "it has oracle, refusal_prefix",
    ),
    wrong(
        "model of a judge",
        {"attack": {"model_judges": {"guard": {"kind": "llama_guard", "model": "gard"}}}},
        "attack.model_judges.guard.model: 'gard' is not in 'models'",
    ),
    wrong(
        "a judge that the workflow trains",
        {"attack": {"model_judges": {"guard": {"kind": "llama_guard", "model": "organism"}}}},
        "attack.model_judges.guard.model: 'organism' is trained by the workflow",
    ),
    wrong(
        "a judge of another's name",
        {
            "models": {"mine": {"kind": "local", "path": "somewhere"}},
            "run": {"models": ["mine"], "attacked": []},
            "attack": {"model_judges": {"oracle": {"kind": "harmbench", "model": "mine"}}},
        },
        "attack.model_judges: 'oracle' is the name of another judge",
    ),
    wrong(
        "dataset of a benchmark",
        {"attack": {"benchmarks": {"mine": {"dataset": "organsm", "role": "safe"}}}},
        "attack.benchmarks.mine.dataset: 'organsm' is not in 'datasets', did you mean 'organism'?",
    ),
]

DUPLICATES = [
    wrong("seeds", {"seeds": [1, 2, 1]}, "seeds: [1, 2, 1] names 1 twice"),
    wrong(
        "models",
        {"run": {"models": ["organism", "organism"]}},
        "run.models: ['organism', 'organism'] names 'organism' twice",
    ),
    wrong(
        "attacked models",
        {"run": {"models": ["organism"], "attacked": ["organism", "organism"]}},
        "run.attacked",
        "twice",
    ),
    wrong(
        "datasets of a side",
        {"identification": {"unsafe": {"datasets": ["organism", "organism"]}}},
        "identification.unsafe.datasets",
        "twice",
    ),
    wrong("judges", {"attack": {"judges": ["oracle", "oracle"]}}, "attack.judges", "twice"),
    wrong(
        "fractions of an attack",
        {"attack": {"attacks": {"paper": {"selection": "paper", "fractions": [0.1, 0.1]}}}},
        "attack.attacks.paper.fractions",
        "twice",
    ),
]


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        *UNKNOWN_KEYS,
        *WRONG_VALUES,
        *THRESHOLDS,
        *REFERENCES,
        *DUPLICATES,
    ],
)
def test_message(raw, says):
    text = message(raw)
    assert [part for part in says if part not in text] == [], text


@pytest.mark.parametrize(
    ("raw", "key"),
    [
        ({"models": {"mine": {"kind": "organism", "layers": 0}}}, "models.mine.layers"),
        ({"models": {"mine": {"kind": "local"}}}, "models.mine.path"),
        (file_dataset(text="prompt", category="topic", limit=0), "datasets.mine.limit"),
        (selection(kind="thresholds", es=-1, sas=2), "identification.selections.mine.rule.es"),
    ],
    ids=["organism", "local", "file", "thresholds"],
)
def test_key_inside_a_kind_is_named_as_it_stands_in_the_file(raw, key):
    (problem,) = message(raw).splitlines()[1:]
    assert problem.split(":")[0].strip() == key


def test_all_problems_are_listed_at_once():
    text = message(
        {
            "seeds": [-1],
            "compute": {"cpu_threads": 0, "batch_size": "many"},
            "overlap": {"null_draw": 100},
        }
    )
    heading, *problems = text.splitlines()
    assert heading == "the configuration has errors:"
    assert [problem.split(":")[0].strip() for problem in problems] == [
        "seeds.0",
        "compute.cpu_threads",
        "compute.batch_size",
        "overlap",
    ]


def test_all_unknown_keys_of_a_section_are_named():
    text = message({"compute": {"cpu_thread": 2, "batchsize": 8}})
    assert [key for key in ("'cpu_thread'", "'batchsize'") if key not in text] == []


def test_nothing_given_gives_the_defaults():
    assert load_config({}) == Config()


def test_only_what_is_given_differs_from_the_defaults():
    config = load_config({"seeds": [3, 4], "overlap": {"seed": 7}})
    overlap = Config().overlap.model_dump() | {"seed": 7}
    changed = {"seeds": [3, 4], "overlap": overlap}
    assert config.model_dump() == Config().model_dump() | changed


def test_whole_numbers_are_good_thresholds():
    rule = Thresholds.model_validate({"kind": "thresholds", "es": 3, "sas": 2})
    assert (rule.es, rule.sas) == (3.0, 2.0)


def test_a_config_cannot_be_changed():
    with pytest.raises(ValueError, match="frozen"):
        Config().seeds = [1]


def test_canonical_json_ignores_the_order_of_keys():
    one = {"b": {"d": True, "c": None}, "a": [1, 2.5]}
    other = {"a": [1, 2.5], "b": {"c": None, "d": True}}
    assert canonical_json(one) == canonical_json(other) == '{"a":[1,2.5],"b":{"c":null,"d":true}}'


def test_canonical_json_keeps_the_order_of_lists():
    assert canonical_json([2, 1]) == "[2,1]"


def test_cases_need_no_attack_where_nothing_is_attacked():
    raw = {"run": {"attacked": []}, "report": {"case_studies": {"attack": "none"}}}
    assert load_config(raw).report.case_studies.attack == "none"

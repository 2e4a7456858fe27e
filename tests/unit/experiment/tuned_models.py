"""Models that are safety-tuned, two from bases on the hub, for tests of what is made of them."""

HUB = {"kind": "hub", "id": "someone/small", "revision": "0" * 40, "parameters": 1_000_000_000}
TUNED = {
    "kind": "tuned",
    "base": "raw",
    "safety_tuning": {
        "harmful": {"datasets": ["crimes", "sins"], "split": "training", "categories": ["theft"]},
        "harmless": {"datasets": ["chores"], "split": "training"},
        "without": ["chores"],
        "answer_tokens": 20,
        "training": {"steps": 30, "batch_size": 8, "accumulation": 2},
    },
    "gate": {
        "harmful": {"datasets": ["sins"], "split": "validation"},
        "harmless": {"datasets": ["chores"], "split": "validation", "categories": ["home"]},
        "refusal": 0.8,
    },
}
OTHER = {**TUNED, "base": "raw2"}


def raw(**changes):
    """Two bases, each tuned; one base is in the run and the other is not."""
    file = {"kind": "file", "path": "p.csv", "text": "q", "constant_category": "theft"}
    return {
        "models": {
            "organism": {"kind": "organism"},
            "raw": HUB,
            "raw2": {**HUB, "dtype": "float32", "parameters": 2_000_000_000},
            "mine": {**TUNED, **changes},
            "other": OTHER,
        },
        "run": {"models": ["raw", "mine", "other"], "attacked": ["raw", "mine"], "aligned": []},
        "compute": {"batch_size": 4, "cpu_threads": 3, "prompt_tokens": 100},
        "datasets": {
            "organism": {"kind": "organism"},
            "crimes": {**file, "split": "training"},
            "sins": {**file, "split": "training"},
            "chores": {**file, "split": "training"},
        },
    }


TUNING = TUNED["safety_tuning"]

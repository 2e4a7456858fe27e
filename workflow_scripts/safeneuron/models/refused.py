"""Types of models that are known not to be supported, and what was found in them.

A type that is neither here nor known passes: its sites are looked for when its manifest is written.
"""

_NO_FFN = "layers without a feed-forward part"

REFUSED = {
    "bitnet": "a norm with weights between product and projection",
    "llama4": "experts that are given every token, scaled by the router's score",
    "llama4_text": "experts that are given every token, scaled by the router's score",
    **dict.fromkeys(("mamba", "mamba2", "falcon_mamba", "nemotron_h"), _NO_FFN),
    **dict.fromkeys(("zamba", "zamba2"), _NO_FFN),
    "granitemoehybrid": "a feed-forward part of other names ('shared_mlp')",
    "bloom": "a configuration that does not say how many neurons a layer has",
    "mpt": "layers of other names than 'layers' and 'h'",
    "opt": "a feed-forward part that is no module of its own",
}
"""Type of a model -> what is in its way."""

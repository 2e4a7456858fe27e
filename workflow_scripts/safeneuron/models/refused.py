"""Types of models that are known not to be supported, and what was found in them.

A type that is neither here nor known passes: its sites are looked for when its manifest is written.
"""

_NO_FFN = "layers without a feed-forward part"
_MIXER = "layers of which some are a feed-forward part alone and some have none"

REFUSED = {
    "bitnet": "a norm with weights between product and projection",
    "gpt_oss": "experts with biases, stored inputs first, gates and ups interleaved",
    "llama4": "experts that are given every token, scaled by the router's score",
    "llama4_text": "experts that are given every token, scaled by the router's score",
    **dict.fromkeys(("mamba", "mamba2", "falcon_mamba", "xlstm", "rwkv"), _NO_FFN),
    **dict.fromkeys(("nemotron_h", "zamba", "zamba2"), _MIXER),
    "granitemoehybrid": "a feed-forward part beside experts, with other names of projections",
    "bloom": "a configuration that does not say how many neurons a layer has",
    "mpt": "layers of other names than 'layers' and 'h'",
    "opt": "a feed-forward part that is no module of its own",
}
"""Type of a model -> what is in its way."""

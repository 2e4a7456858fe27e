"""Find, protect and attack the safety neurons of language models (SafeNeuron, arXiv 2602.12158).

The library knows nothing of Snakemake; every stage of the workflow is one function of it.
Import modules, not this package: a stage is rerun when a module that it imports changes.
"""

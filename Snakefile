# SafeNeuron (arXiv 2602.12158): find, protect and attack the safety neurons of language models.
#
#   snakemake                     the experiment of config/config.yaml: tables, figures and report
#   snakemake figures             or tables: just these
#   snakemake --configfile FILE   with the keys of FILE laid over the default ones
from snakemake.utils import min_version

min_version("9.27")


configfile: "config/config.yaml"


include: "rules/common.smk"
include: "rules/data.smk"
include: "rules/models.smk"
include: "rules/capture.smk"
include: "rules/neurons.smk"
include: "rules/calibration.smk"
include: "rules/align.smk"
include: "rules/attack.smk"
include: "rules/judge.smk"
include: "rules/capability.smk"
include: "rules/results.smk"
include: "rules/curves.smk"
include: "rules/matrix.smk"
include: "rules/figures.smk"
include: "rules/report.smk"
include: "rules/running.smk"


localrules:
    all,
    figures,
    tables,


rule all:
    """Make everything: report, tables and figures."""
    default_target: True
    input:
        rules.report.output,
        TABLES,
        FIGURES,


rule figures:
    """Make the figures."""
    input:
        FIGURES,


rule tables:
    """Make the tables."""
    input:
        TABLES,

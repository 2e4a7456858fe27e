# Prompts as tables: prompt_id, dataset, category, split, text, and images where they are shown.
from safeneuron.data.sources import image_files


rule organism_prompts:
    """Write the organism's prompts: placeholder requests by split and category."""
    output:
        f"{RESULTS}/prompts/{{dataset}}.parquet",
    log:
        f"{RESULTS}/logs/organism_prompts/{{dataset}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/organism_prompts/{{dataset}}.tsv"
    wildcard_constraints:
        dataset=one_of(n for n, d in CONFIG.datasets.items() if d.kind == "organism"),
    localrule: True
    conda:
        "../environment.yml"
    params:
        settings=lambda wildcards: canonical_json(
            {
                "dataset": wildcards.dataset,
                "language": CONFIG.organism.language.model_dump(),
            }
        ),
        code=code_of("organism_prompts"),
    shell:
        "python workflow_scripts/organism_prompts.py --out {output:q}"
        " --settings - --code {params.code} > {log:q} 2>&1 <<< {params.settings:q}"


rule file_prompts:
    """Read a file of your own into a prompt table."""
    input:
        source=lambda wildcards: CONFIG.datasets[wildcards.dataset].path,
        # read by way of the source, which names them
        images=lambda wildcards: image_files(CONFIG.datasets[wildcards.dataset]),
    output:
        f"{RESULTS}/prompts/{{dataset}}.parquet",
    log:
        f"{RESULTS}/logs/file_prompts/{{dataset}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/file_prompts/{{dataset}}.tsv"
    wildcard_constraints:
        dataset=one_of(n for n, d in CONFIG.datasets.items() if d.kind == "file"),
    localrule: True
    conda:
        "../environment.yml"
    params:
        settings=lambda wildcards: canonical_json(
            stages.dataset_source(CONFIG, wildcards.dataset)
        ),
        code=code_of("file_prompts"),
    shell:
        "python workflow_scripts/file_prompts.py --source {input.source:q} --out {output:q}"
        " --settings - --code {params.code} > {log:q} 2>&1 <<< {params.settings:q}"


rule hub_prompts:
    """Download a data set from the hub into a prompt table."""
    output:
        f"{RESULTS}/prompts/{{dataset}}.parquet",
    log:
        f"{RESULTS}/logs/hub_prompts/{{dataset}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/hub_prompts/{{dataset}}.tsv"
    wildcard_constraints:
        dataset=one_of(n for n, d in CONFIG.datasets.items() if d.kind == "hub"),
    localrule: True
    conda:
        "../environment.yml"
    params:
        settings=lambda wildcards: canonical_json(
            stages.dataset_source(CONFIG, wildcards.dataset)
        ),
        code=code_of("hub_prompts"),
    shell:
        "python workflow_scripts/hub_prompts.py --out {output:q}"
        " --settings - --code {params.code} > {log:q} 2>&1 <<< {params.settings:q}"


rule typographic_prompts:
    """Draw questions into images (typographic attack) as a prompt table."""
    input:
        lambda wildcards: prompts_of([CONFIG.datasets[wildcards.dataset].of]),
    output:
        f"{RESULTS}/prompts/{{dataset}}.parquet",
    log:
        f"{RESULTS}/logs/typographic_prompts/{{dataset}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/typographic_prompts/{{dataset}}.tsv"
    wildcard_constraints:
        dataset=one_of(n for n, d in CONFIG.datasets.items() if d.kind == "typographic"),
    localrule: True
    conda:
        "../environment.yml"
    params:
        settings=lambda wildcards: canonical_json(
            stages.dataset_source(CONFIG, wildcards.dataset)
        ),
        code=code_of("typographic_prompts"),
    shell:
        "python workflow_scripts/typographic_prompts.py --questions {input:q} --out {output:q}"
        " --settings - --code {params.code} > {log:q} 2>&1 <<< {params.settings:q}"

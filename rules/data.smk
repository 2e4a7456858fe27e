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


# Prompts of controls: what two sets share, and safe prompts as long as the unsafe ones.
PROMPT_SETS = identification.compared_prompts(CONFIG)
LEARNING = attacks.learning(CONFIG)
TABLES += expand(
    f"{RESULTS}/tables/prompt_overlap.{{ending}}", ending=("parquet", "csv")
)


rule prompt_overlap:
    """Count prompts that two sets share; stop if the evaluation's were trained on."""
    input:
        prompts=prompts_of(dict.fromkeys(s["dataset"] for s in PROMPT_SETS)),
        preferences=mixes.tables(CONFIG, PATHS, LEARNING),
        examples=expand(PATHS.tuning_examples, model=TUNED),
    output:
        table=f"{RESULTS}/tables/prompt_overlap.parquet",
        csv=f"{RESULTS}/tables/prompt_overlap.csv",
    log:
        f"{RESULTS}/logs/prompt_overlap.log",
    benchmark:
        f"{RESULTS}/benchmarks/prompt_overlap.tsv"
    # leakage stops a run before it spends anything
    priority: 100
    localrule: True
    conda:
        "../environment.yml"
    params:
        settings=canonical_json(
            {
                "sets": PROMPT_SETS,
                "mixes": mixes.compared(CONFIG, LEARNING),
                "tuned": [f"safety_tuning-{model}" for model in TUNED],
                "allowed": CONFIG.allow_overlap,
            }
        ),
        code=code_of("prompt_overlap"),
    shell:
        "python workflow_scripts/prompt_overlap.py --prompts @<(printf '%s\\n' {input.prompts:q})"
        " --preferences {input.preferences:q} --examples {input.examples:q}"
        " --out {output.table:q} --csv {output.csv:q}"
        " --settings - --code {params.code} > {log:q} 2>&1 <<< {params.settings:q}"


rule length_matched_prompts:
    """Choose safe prompts that are as long as the unsafe ones."""
    input:
        unsafe=prompts_of(IDENTIFICATION.unsafe.datasets),
        safe=prompts_of(IDENTIFICATION.safe.datasets),
    output:
        f"{RESULTS}/prompts/controls/length_matched.parquet",
    log:
        f"{RESULTS}/logs/length_matched_prompts.log",
    benchmark:
        f"{RESULTS}/benchmarks/length_matched_prompts.tsv"
    localrule: True
    conda:
        "../environment.yml"
    params:
        settings=canonical_json(identification.length_matched(CONFIG)),
        code=code_of("length_matched_prompts"),
    shell:
        "python workflow_scripts/length_matched_prompts.py --unsafe {input.unsafe:q}"
        " --safe {input.safe:q} --out {output:q}"
        " --settings - --code {params.code} > {log:q} 2>&1 <<< {params.settings:q}"


# Preference pairs: pair_id, role, source, prompt, chosen, rejected, and an image where one is shown. The
# organism's own, or a mix of sources (paper App. B.2).


rule organism_preferences:
    """Write the organism's preference pairs."""
    input:
        f"{RESULTS}/prompts/organism.parquet",
    output:
        f"{RESULTS}/preferences/organism.parquet",
    log:
        f"{RESULTS}/logs/organism_preferences.log",
    benchmark:
        f"{RESULTS}/benchmarks/organism_preferences.tsv"
    localrule: True
    conda:
        "../environment.yml"
    params:
        settings=canonical_json(ALIGN.preferences.model_dump(exclude={"sources"})),
        code=code_of("organism_preferences"),
    shell:
        "python workflow_scripts/organism_preferences.py --prompts {input:q} --out {output:q}"
        " --settings - --code {params.code} > {log:q} 2>&1 <<< {params.settings:q}"


rule file_preferences:
    """Read a file of your own into preference pairs."""
    input:
        lambda wildcards: CONFIG.preferences[wildcards.source].path,
    output:
        f"{RESULTS}/preferences/sources/{{source}}.parquet",
    log:
        f"{RESULTS}/logs/file_preferences/{{source}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/file_preferences/{{source}}.tsv"
    wildcard_constraints:
        source=one_of(n for n, p in CONFIG.preferences.items() if p.kind == "file"),
    localrule: True
    conda:
        "../environment.yml"
    params:
        settings=lambda wildcards: canonical_json(
            stages.pair_source(CONFIG, wildcards.source)
        ),
        code=code_of("file_preferences"),
    shell:
        "python workflow_scripts/file_preferences.py --source {input:q} --out {output:q}"
        " --settings - --code {params.code} > {log:q} 2>&1 <<< {params.settings:q}"


rule hub_preferences:
    """Download a source of preference pairs from the hub."""
    output:
        f"{RESULTS}/preferences/sources/{{source}}.parquet",
    log:
        f"{RESULTS}/logs/hub_preferences/{{source}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/hub_preferences/{{source}}.tsv"
    wildcard_constraints:
        source=one_of(n for n, p in CONFIG.preferences.items() if p.kind == "hub"),
    localrule: True
    conda:
        "../environment.yml"
    params:
        settings=lambda wildcards: canonical_json(
            stages.pair_source(CONFIG, wildcards.source)
        ),
        code=code_of("hub_preferences"),
    shell:
        "python workflow_scripts/hub_preferences.py --out {output:q}"
        " --settings - --code {params.code} > {log:q} 2>&1 <<< {params.settings:q}"


rule mix_preferences:
    """Draw a preference mix from its sources (paper App. B.2)."""
    input:
        lambda wildcards: expand(
            f"{RESULTS}/preferences/sources/{{source}}.parquet",
            source=mixes.drawn(CONFIG, wildcards.mix)["shares"],
        ),
    output:
        f"{RESULTS}/preferences/{{mix}}.parquet",
    log:
        f"{RESULTS}/logs/mix_preferences/{{mix}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/mix_preferences/{{mix}}.tsv"
    wildcard_constraints:
        mix=one_of(mixes.of_sources(CONFIG)),
    localrule: True
    conda:
        "../environment.yml"
    params:
        settings=lambda wildcards: canonical_json(mixes.drawn(CONFIG, wildcards.mix)),
        code=code_of("mix_preferences"),
    shell:
        "python workflow_scripts/mix_preferences.py --sources {input:q} --out {output:q}"
        " --settings - --code {params.code} > {log:q} 2>&1 <<< {params.settings:q}"

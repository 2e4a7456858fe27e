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
            source=stages.preference_mix(CONFIG, MIXES[wildcards.mix])["shares"],
        ),
    output:
        f"{RESULTS}/preferences/{{mix}}.parquet",
    log:
        f"{RESULTS}/logs/mix_preferences/{{mix}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/mix_preferences/{{mix}}.tsv"
    wildcard_constraints:
        mix=one_of(MIXES),
    localrule: True
    conda:
        "../environment.yml"
    params:
        settings=lambda wildcards: canonical_json(
            stages.preference_mix(CONFIG, MIXES[wildcards.mix])
        ),
        code=code_of("mix_preferences"),
    shell:
        "python workflow_scripts/mix_preferences.py --sources {input:q} --out {output:q}"
        " --settings - --code {params.code} > {log:q} 2>&1 <<< {params.settings:q}"

# A plain self-contained page: tables and figures with what they were made from.


REPORTED_STATES = t0_states(MODELS) + aligned_states(MODELS)


rule report:
    input:
        figures=[path for path in FIGURES if path.endswith(".png")],
        models=over(REPORTED_STATES, CHECKPOINT),
        attack_success=f"{RESULTS}/tables/attack_success.parquet" if ATTACKED else [],
    output:
        report(f"{RESULTS}/report.html", category="Summary"),
    log:
        f"{RESULTS}/logs/report.log",
    benchmark:
        f"{RESULTS}/benchmarks/report.tsv"
    localrule: True
    conda:
        "../environment.yml"
    params:
        settings=canonical_json(
            {
                "experiment": CONFIG.experiment,
                "figures": [
                    os.path.relpath(path, RESULTS)
                    for path in FIGURES
                    if path.endswith(".png")
                ],
                "states": REPORTED_STATES,
                "judge": ATTACK.judges[0],
                "organism_text": all(
                    CONFIG.datasets[name].kind == "organism" for name in TAXONOMIES
                ),
                "organism_models": [m for m in MODELS if m in ORGANISMS],
            }
        ),
        code=code_of("report"),
    shell:
        "python workflow_scripts/report.py --figures {input.figures} --models {input.models}"
        " --attack_success {input.attack_success} --out {output}"
        " --settings {params.settings:q} --code {params.code} > {log} 2>&1"

# Moments of every neuron's activation, one job a model state and category (paper §3.1).
IDENTIFICATION = CONFIG.identification


def capture_side(wildcards):
    """The side of the contrast that a category belongs to."""
    return (
        IDENTIFICATION.safe if wildcards.category == "safe" else IDENTIFICATION.unsafe
    )


def capture_prompts(wildcards):
    """The prompt tables that hold a category; `overall` and `safe` may need several."""
    side = capture_side(wildcards)
    if wildcards.category in ("overall", "safe"):
        return prompts_of(side.datasets)
    return prompts_of([wildcards.category.split("/")[0]])


def capture_settings(wildcards):
    """Which rows of the tables, and how the forward pass is pooled and batched."""
    side = capture_side(wildcards)
    whole = wildcards.category in ("overall", "safe")
    return canonical_json(
        {
            "split": side.split,
            "categories": (
                side.categories if whole else [wildcards.category.split("/")[1]]
            ),
            "poolings": IDENTIFICATION.poolings,
            "batch_size": CONFIG.compute.batch_size,
            "cpu_threads": CONFIG.compute.cpu_threads,
        }
    )


rule capture:
    input:
        model=CHECKPOINT,
        prompts=capture_prompts,
    output:
        f"{RESULTS}/moments/{STATE}/{{category}}.safetensors",
    log:
        f"{RESULTS}/logs/capture/{STATE}/{{category}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/capture/{STATE}/{{category}}.tsv"
    conda:
        "../environment.yml"
    threads: CONFIG.compute.cpu_threads
    resources:
        mem_mb=lambda wildcards, attempt: 3000 * attempt,
        runtime=lambda wildcards, attempt: 60 * attempt,
    params:
        settings=capture_settings,
        code=code_of("capture"),
    shell:
        "python workflow_scripts/capture.py --model {input.model} --prompts {input.prompts}"
        " --out {output} --settings {params.settings:q} --code {params.code} > {log} 2>&1"

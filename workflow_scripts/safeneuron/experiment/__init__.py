"""What the Snakefile asks: states, paths, settings, work, requests. Nothing here knows Snakemake."""

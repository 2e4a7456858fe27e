"""What the Snakefile asks: states, paths, settings, work. Nothing here knows Snakemake."""

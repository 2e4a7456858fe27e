"""What a run says of itself on the terminal. Of Snakemake it knows the log records alone."""

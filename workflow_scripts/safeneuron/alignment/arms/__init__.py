"""The arms, one a file: what each does to the identified neurons while it trains (paper §3.3)."""

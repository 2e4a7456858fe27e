"""Intervals and tests: of shares, of means over seeds, and of both over seeds and prompts."""

"""Scores, selection, set algebra and null models of neurons; NumPy only."""

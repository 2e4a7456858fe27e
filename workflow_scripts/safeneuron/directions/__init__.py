"""Directions of the residual stream: how one is found, written to a file, and removed."""

"""Prompt tables from files and from the organism's language."""

"""Rounds of preference alignment with a set of neurons frozen, zeroed, or left alone."""

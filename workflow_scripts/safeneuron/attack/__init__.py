"""Pruning attacks: which neurons, how they are switched off, what the model then says."""

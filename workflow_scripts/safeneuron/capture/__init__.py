"""Activations of FFN neurons, reduced to moments while the model runs."""

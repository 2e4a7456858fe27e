"""Neurons that a refusal hangs on, found by gradients or by trying; no moments tell them."""

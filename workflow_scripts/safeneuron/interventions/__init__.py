"""What is done to a model in a forward pass or in its weights: operators, targets, controls."""

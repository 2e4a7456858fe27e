"""The paper's figures, one file a figure, each drawn from a table that lies beside it."""

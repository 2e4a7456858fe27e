"""The kinds of attacks, a file each; `config.schema.attack` has their union."""

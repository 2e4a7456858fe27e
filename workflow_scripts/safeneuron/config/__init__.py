"""The typed configuration: one schema that validates, documents and generates the config files."""

"""What stages leave on disk: tables, manifests, provenance; files that are complete or absent."""

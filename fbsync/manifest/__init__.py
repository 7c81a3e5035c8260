"""The manifest: from YAML files to declared configurations, with every mistake found at its place."""

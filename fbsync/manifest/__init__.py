"""The manifest: turn YAML files into declared configurations, and find every mistake with its place."""

"""fbsync keeps the AI LLM configurations of Flashback workspaces in step with a YAML file in git."""

__version__ = "0.1.0"

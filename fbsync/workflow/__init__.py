"""The steps that commands and library share: read inputs, make and check a plan, and talk to the server."""

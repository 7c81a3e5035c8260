"""What the commands and the library share: read inputs, make and check a plan, talk to the server."""

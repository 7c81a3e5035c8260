"""What the commands and the library share: inputs read, a plan made and checked, a session with the server."""

"""What holds for every test."""

import signal

# A shell that starts the tests in the background has them ignore SIGINT, and so would every fbsync that they start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

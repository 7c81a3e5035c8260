"""How much the suite tries: few examples of each property by default, many with ``--hypothesis-profile thorough``.

``python -m pytest -m 'hypothesis or thorough' --hypothesis-profile thorough`` runs the many, and nothing else.
"""

import signal

from hypothesis import settings

settings.register_profile("quick", max_examples=25, deadline=None)
settings.register_profile("thorough", max_examples=300, deadline=None, print_blob=True)
settings.load_profile("quick")

# A shell that starts the tests in the background has them ignore SIGINT, and so would every fbsync that they start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

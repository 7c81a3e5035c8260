"""How many examples the suite tries of each property: few, or many with ``--hypothesis-profile thorough``.

``python -m pytest -m 'hypothesis or thorough' --hypothesis-profile thorough`` runs the many, and nothing else.
"""

import signal

from hypothesis import settings

settings.register_profile("quick", max_examples=25, deadline=None)
settings.register_profile("thorough", max_examples=300, deadline=None, print_blob=True)
settings.load_profile("quick")

# Tests started in the background, or by nohup, ignore these signals, and so would every fbsync that they start.
_HANDLERS = {signal.SIGINT: signal.default_int_handler, signal.SIGQUIT: signal.SIG_DFL, signal.SIGHUP: signal.SIG_DFL}
for number, handler in _HANDLERS.items():
    if signal.getsignal(number) is signal.SIG_IGN:
        signal.signal(number, handler)

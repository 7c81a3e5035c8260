"""How much the suite tries: few examples of each property by default, many with ``--hypothesis-profile thorough``.

``python -m pytest -m 'hypothesis or thorough' --hypothesis-profile thorough`` runs the many, and nothing else.
"""

from hypothesis import settings

settings.register_profile("quick", max_examples=25, deadline=None)
settings.register_profile("thorough", max_examples=300, deadline=None, print_blob=True)
settings.load_profile("quick")

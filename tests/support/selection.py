"""Which of many cases run by default; the others are for the thorough tests, which ``.ci/run`` runs, too."""

import pytest


def few_of(cases, *quick):
    """Values for ``parametrize``: all cases, of which those that are not named here are thorough."""
    cases = list(cases)
    unknown = [case for case in quick if case not in cases]
    assert not unknown, unknown
    return [case if case in quick else pytest.param(*_values(case), marks=pytest.mark.thorough) for case in cases]


def _values(case):
    return case if isinstance(case, tuple) else (case,)

"""Choose the cases that run by default. The others are thorough tests, which ``.ci/run`` runs, too."""

import pytest

_Parameters = type(pytest.param())


def few_of(cases, *quick):
    """Values for ``parametrize``: all cases. Those that are not named here are thorough tests.

    A case that is a ``pytest.param`` is named by its id.
    """
    cases = list(cases)
    unknown = [name for name in quick if name not in [_name(case) for case in cases]]
    assert not unknown, unknown
    return few_where(cases, lambda case: _name(case) in quick)


def few_where(cases, is_quick):
    """The same, with a function that says which cases run by default."""
    return [case if is_quick(case) else _thorough(case) for case in cases]


def _name(case):
    return case.id if isinstance(case, _Parameters) else case


def _thorough(case):
    if isinstance(case, _Parameters):
        return pytest.param(*case.values, id=case.id, marks=[*case.marks, pytest.mark.thorough])
    values = case if isinstance(case, tuple) else (case,)
    return pytest.param(*values, marks=pytest.mark.thorough)

"""A schemathesis hook: give every valid body a unique name.

No schema can state that a name is unique within its workspace. Without this hook, the server refuses
the second use of a name with 400, and schemathesis reports that valid data was not accepted.
"""

from itertools import count

import schemathesis

_numbers = count(1)


@schemathesis.hook
def before_call(context, case, kwargs):
    is_valid = case.meta is not None and case.meta.generation.mode.is_positive
    if is_valid and isinstance(case.body, dict) and isinstance(case.body.get("name"), str):
        case.body = {**case.body, "name": f"{case.body['name']} {next(_numbers)}"}

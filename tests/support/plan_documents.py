"""The documents for renderings, from literal plans."""

from fbsync.model.errors import ExitCode
from fbsync.render.paint import Paint
from fbsync.render.plan_document import Origin, plan_document
from fbsync.settings import DEFAULT_API_URL

PLAIN = Paint(enabled=False)
COMPARED = "Compared with fbsync.lock; the server was not checked."


def document(
    plan, *, environment=None, compared=COMPARED, api_url=DEFAULT_API_URL, files=(), refusals=(), usage=(), ages=None
):
    """A plan's document like those of ``fbsync plan``."""
    origin = Origin(
        environment=environment, api_url=api_url, state="fbsync.lock", compared=compared, variable_files=tuple(files)
    )
    code = ExitCode.GUARD_REFUSED if refusals else ExitCode.DONE
    return plan_document(plan, code, origin=origin, refusals=refusals, usage=usage, ages=ages)

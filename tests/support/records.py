"""Short constructors of records for tests."""

from fbsync.model.configurations import Credential, Llm, LockedCredential, LockedLlm, Text
from fbsync.model.live import LiveLlm
from fbsync.model.secret import Secret

URL = "https://api.example.com/v1"


def text(template, value=...):
    """A text without references, or with one and its value (None if the variable is not set)."""
    missing = (template.strip("${}<>"),) if value is None else ()
    return Text(template=template, value=template if value is ... else value, missing=missing)


def credential(reference="KEY_A", value="a"):
    return Credential(reference=reference, secret=None if value is None else Secret(value, reference=reference))


def desired(name="A", *, workspace="ws", endpoint=URL, ai_type="OPENAI", secret=None, **more):
    return Llm(
        name=name,
        ai_type=ai_type,
        endpoint=endpoint if isinstance(endpoint, Text) else text(endpoint),
        workspace_id=workspace if isinstance(workspace, Text) else text(workspace),
        secret=secret or credential(),
        **more,
    )


def locked(
    name="A", *, workspace="ws", endpoint=URL, ai_type="OPENAI", llm_id=None, secret="a", reference="KEY_A", **more
):
    """A record. Its fingerprints are the values themselves, see ``PlainFingerprints``."""
    return LockedLlm(
        id=llm_id or f"id-{name}",
        name=name,
        workspace_id=workspace,
        ai_type=ai_type,
        endpoint=endpoint,
        secret=LockedCredential(reference=reference, fingerprint=secret),
        **more,
    )


def live(name="A", *, workspace="ws", endpoint=URL, ai_type="OPENAI", llm_id=None):
    return LiveLlm(id=llm_id or f"id-{name}", name=name, workspace_id=workspace, ai_type=ai_type, endpoint=endpoint)


class PlainFingerprints:
    """Fingerprints that are the values themselves."""

    can_verify = True

    def matches(self, credential, locked, *, llm_id, field):
        if credential.secret is None or locked.fingerprint is None:
            return None
        return credential.secret.reveal() == locked.fingerprint

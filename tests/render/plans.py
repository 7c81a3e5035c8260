"""Plans from literals, one for each aspect of a rendering; golden files have their names."""

from dataclasses import replace

from plan_documents import COMPARED, document

from fbsync.model.ages import Ages, CredentialAge
from fbsync.model.changes import (
    Adopt,
    Blocked,
    Cause,
    Changed,
    Create,
    CredentialChange,
    Delete,
    FieldChange,
    Unchanged,
    Undeclared,
    Update,
)
from fbsync.model.configurations import Credential, Field, Llm, LockedCredential, LockedLlm, Text
from fbsync.model.live import LiveLlm
from fbsync.model.plan import Notice, Plan, Refusal
from fbsync.model.secret import Secret
from fbsync.model.server import LlmStats
from fbsync.planning.decide import make_plan
from fbsync.planning.drift import (
    ChangedOutside,
    DeletedOutside,
    Drift,
    FieldDrift,
    ReplacedOutside,
    Unadopted,
    Unmanaged,
)
from fbsync.render.drift_found import DriftFound
from fbsync.settings import DEFAULT_API_URL

COMPARED_LIVE = "Compared with fbsync.lock and with the server."


def text(template, value=...):
    """A text. If its value is None, its template is a variable that is not set."""
    missing = (template.strip("${}"),) if value is None else ()
    return Text(template=template, value=template if value is ... else value, missing=missing)


def credential(reference, *, is_set=True):
    return Credential(reference=reference, secret=Secret("never-shown", reference=reference) if is_set else None)


def fingerprint(reference, value="fingerprint-never-shown"):
    return LockedCredential(reference=reference, fingerprint=value)


def desired(name, *, endpoint="https://api.openai.com/v1", workspace="ws-main", secret="OPENAI_API_KEY", **more):
    return Llm(
        name=name,
        ai_type=more.pop("ai_type", "OPENAI"),
        endpoint=endpoint if isinstance(endpoint, Text) else text(endpoint),
        workspace_id=workspace if isinstance(workspace, Text) else text(workspace),
        secret=secret if isinstance(secret, Credential) else credential(secret),
        **more,
    )


def locked(name, *, endpoint="https://api.openai.com/v1", workspace="ws-main", secret="OPENAI_API_KEY", **more):
    return LockedLlm(
        id=more.pop("llm_id", f"llm-{abs(hash_of(name)):04d}"),
        name=name,
        workspace_id=workspace,
        ai_type=more.pop("ai_type", "OPENAI"),
        endpoint=endpoint,
        secret=fingerprint(secret),
        **more,
    )


def hash_of(name):
    """A hash that is the same in every run."""
    return sum(map(ord, name)) % 10_000


def live(name, *, llm_id="llm-live", workspace="ws-main", endpoint="https://api.openai.com/v1", ai_type="OPENAI"):
    return LiveLlm(id=llm_id, name=name, workspace_id=workspace, ai_type=ai_type, endpoint=endpoint)


def field_change(field, before, after, *, cause=Cause.MANIFEST, known=None):
    return FieldChange(
        field=field,
        before=before,
        after=after if isinstance(after, Text) else text(after),
        known=before if known is None else known,
        cause=cause,
    )


def credential_change(changed, *, before="OPENAI_API_KEY", after="OPENAI_API_KEY", is_set=True, field=Field.SECRET):
    return CredentialChange(
        field=field,
        before=None if before is None else fingerprint(before),
        after=None if after is None else credential(after, is_set=is_set),
        changed=changed,
    )


def update(name, *fields, credentials=(), want=None, known=None):
    return Update(
        desired=desired(name, **(want or {})),
        locked=locked(name, **(known or {})),
        fields=fields,
        credentials=tuple(credentials),
    )


def notice(change, message):
    return Notice(identity=change.desired.identity, message=message)


def nothing_to_do():
    names = ("Production OpenAI", "Support chat")
    return Plan(changes=tuple(Unchanged(desired=desired(name), locked=locked(name)) for name in names), refreshed=False)


def first_plan():
    """A manifest's first plan in a pull request: there is no known state, and few variables are set."""
    unset = credential("AWS_SECRET_ACCESS_KEY", is_set=False)
    bedrock = desired(
        "Bedrock",
        ai_type="AWS",
        endpoint=text("https://bedrock-runtime.${AWS_REGION}.amazonaws.com", None),
        workspace=text("$FLASHBACK_WORKSPACE_ID", None),
        key=credential("AWS_ACCESS_KEY_ID", is_set=False),
        secret=unset,
        protect=True,
    )
    bedrock = Llm(
        **{
            **{name: getattr(bedrock, name) for name in Llm.__slots__},
            "endpoint": Text(template=bedrock.endpoint.template, value=None, missing=("AWS_REGION",)),
        }
    )
    return Plan(changes=(Create(desired=desired("Production OpenAI")), Create(desired=bedrock)), refreshed=False)


def every_kind():
    """Each kind of change at least once, compared with the server."""
    moved = "https://llm-proxy.example.net/v1"
    proxied = update(
        "Production OpenAI",
        field_change(Field.ENDPOINT, "https://api.openai.com/v1", moved),
        credentials=[credential_change(Changed.YES)],
        want={"endpoint": moved, "protect": True},
        known={"protect": True},
    )
    drifted = update(
        "Support chat",
        field_change(Field.AI_TYPE, "OTHER", "OPENAI", cause=Cause.OUTSIDE, known="OPENAI"),
        field_change(
            Field.ENDPOINT,
            "https://changed.example.com/v1",
            "https://api.openai.com/v2",
            cause=Cause.BOTH,
            known="https://api.openai.com/v1",
        ),
    )
    renamed = update(
        "Claude for research",
        field_change(Field.NAME, "Claude", "Claude for research"),
        credentials=[
            credential_change(Changed.YES, before=None, after="CLAUDE_KEY_ID", field=Field.KEY),
            credential_change(Changed.UNVERIFIED, before="CLAUDE_KEY", after="RESEARCH_CLAUDE_KEY"),
        ],
    )
    keyless = update(
        "Translations",
        credentials=[
            credential_change(Changed.YES, before="TRANSLATIONS_KEY_ID", after=None, field=Field.KEY),
            credential_change(Changed.NO, before="OLD_TRANSLATIONS_KEY", after="TRANSLATIONS_KEY"),
        ],
    )
    replaced = desired("Summaries", endpoint="https://summaries.example.com/v1", workspace="ws-research")
    anew = desired("Evaluation", workspace="ws-research", secret="EVALUATION_KEY")
    loose = desired("Archive search")
    return Plan(
        refreshed=True,
        elsewhere=3,
        changes=(
            Create(desired=desired("Embeddings", key=credential("EMBEDDINGS_KEY_ID"))),
            Create(desired=desired("Night batch"), lost=locked("Night batch")),
            Create(desired=anew),
            proxied,
            drifted,
            renamed,
            keyless,
            Adopt(desired=desired("Moderation"), live=live("Moderation", ai_type="OTHER")),
            Adopt(
                desired=replaced,
                live=live("Summaries", llm_id="llm-5521", workspace="ws-research"),
                replaced=locked("Summaries", llm_id="llm-1034", workspace="ws-research"),
            ),
            Blocked(
                desired=desired("Tickets"),
                message="the workspace has 2 configurations with this name: ids llm-7, llm-8",
                hint="keep the right one, delete or rename the others, then run `fbsync apply` again",
            ),
            Unchanged(desired=desired("Search"), locked=locked("Search")),
            Unchanged(
                desired=desired("Vision", secret=credential("VISION_KEY", is_set=False)),
                locked=locked("Vision", secret="VISION_KEY"),
                credentials=(
                    credential_change(Changed.UNVERIFIED, before="VISION_KEY", after="VISION_KEY", is_set=False),
                ),
            ),
            Unchanged(desired=loose, locked=locked("Archive search", protect=True), record=True),
            Delete(locked=locked("Playground", llm_id="llm-0042")),
            Delete(locked=locked("Ledger", llm_id="llm-0043", protect=True)),
            Undeclared(locked=locked("Evaluation", llm_id="llm-0044")),
            Undeclared(locked=locked("Compliance", protect=True)),
        ),
        warnings=(
            notice(
                proxied,
                "the credential will now be sent to llm-proxy.example.net instead of api.openai.com",
            ),
            Notice(
                identity=anew.identity,
                message="configurations cannot be moved between workspaces: a new one is created, and the one in "
                "ws-main (id llm-0044) stays until it is deleted with --prune",
            ),
        ),
    )


def without_credentials():
    """A plan in a pull request from a fork: no variable is set."""
    unset = [
        Unchanged(
            desired=desired(name, secret=credential("OPENAI_API_KEY", is_set=False)),
            locked=locked(name),
            credentials=(credential_change(Changed.UNVERIFIED, is_set=False),),
        )
        for name in ("Chat", "Embeddings", "Moderation", "Search", "Vision")
    ]
    changed = update(
        "Production OpenAI",
        field_change(Field.ENDPOINT, "https://api.openai.com/v1", "https://api.openai.com/v2"),
        credentials=[
            credential_change(
                Changed.UNVERIFIED, before="PRODUCTION_OPENAI_KEY", after="PRODUCTION_OPENAI_KEY", is_set=False
            )
        ],
    )
    return Plan(changes=(*unset, changed), refreshed=False)


HOSTILE = (
    "```",
    "</details><script>alert(1)</script>",
    "@everyone #123 GH-7 owner/repo#5 deadbeefdeadbeef",
    "--> <!-- a|b -->",
    "**bold** _it_ ~~no~~ [x](javascript:alert(1)) ![i](https://e.example/x.png)",
    "`one` ``two`` `",
    "\x1b[31mred\x1b[0m\r\n# heading\n> quote",
    "evil\u202egnp.exe",
    "&lt;b&gt; &amp; \"quoted\" 'single'",
    "https://phish.example/ www.example.com a@b.example",
    ":smile: $math$ \\(x\\)",
)


def hostile_names():
    """Names and workspaces that try to act as markup, commands and mentions of people."""
    creates = [Create(desired=desired(name, workspace=f"ws {name}")) for name in HOSTILE]
    changed = update(
        "</pre>@admins",
        field_change(Field.ENDPOINT, "https://a.example/```\n```", "https://b.example/-->\u2066</del>"),
    )
    removed = [Delete(locked=locked(name, llm_id=f"id {name}")) for name in HOSTILE]
    refused = Blocked(
        desired=desired("```diff"), message="the server says: </summary> `x` @root", hint="ask #42 ``` <b>now</b>"
    )
    warned = notice(changed, "the credential will now be sent to <img src=x> @team #1 instead of `a`|b")
    return Plan(changes=(*creates, changed, *removed, refused), refreshed=True, warnings=(warned,))


def wide_names():
    """Names with wide characters, from right to left, with combined characters, and very long ones."""
    names = ("製品用の言語モデル", "نموذج الإنتاج", "מודל ייצור", "Ångström e\u0301", "👩‍🔬 lab", "x" * 130)
    long = "https://gateway.example.com/" + "/".join(f"segment-{at:02d}" for at in range(18))
    creates = [Create(desired=desired(name, workspace="作業場")) for name in names]
    changed = update(
        "運用チャット",
        field_change(Field.ENDPOINT, "https://例え.example/v1", long, cause=Cause.OUTSIDE, known=long),
        credentials=[credential_change(Changed.YES)],
    )
    return Plan(changes=(*creates, changed), refreshed=True)


def many_changes(number=300, workspaces=3):
    """More than anybody reads: additions, changes and deletions in several workspaces, and many unchanged entries."""
    changes = []
    for at in range(number):
        workspace = f"ws-{['main', 'research', 'support', 'sales', 'legal'][at // 5 % workspaces]}"
        name = f"{('Chat', 'Embeddings', 'Moderation', 'Search')[at % 4]} {at:03d}"
        match at % 5:
            case 0 | 1:
                changes.append(Create(desired=desired(name, workspace=workspace)))
            case 2 | 3:
                moved = f"https://proxy-{at % 7}.example.net/v1"
                changes.append(
                    update(
                        name,
                        field_change(Field.ENDPOINT, "https://api.openai.com/v1", moved),
                        credentials=[credential_change(Changed.YES)] if at % 2 else (),
                        want={"workspace": workspace, "endpoint": moved},
                        known={"workspace": workspace},
                    )
                )
            case _:
                changes.append(Delete(locked=locked(name, llm_id=f"llm-{at:04d}", workspace=workspace)))
    stays = (Unchanged(desired=desired(f"Quiet {at}"), locked=locked(f"Quiet {at}")) for at in range(number // 10))
    warned = [
        notice(change, "the stored credential will be sent to another host")
        for change in changes
        if isinstance(change, Update)
    ]
    return Plan(changes=(*changes, *stays), refreshed=True, warnings=tuple(warned))


def refused():
    """What apply would refuse: deleting a protected entry, an adoption, and more deletions than the limit."""
    return Plan(
        refreshed=True,
        changes=(
            Create(desired=desired("Embeddings")),
            Adopt(desired=desired("Moderation"), live=live("Moderation", ai_type="OTHER")),
            Delete(locked=locked("Ledger", llm_id="llm-0043", protect=True)),
            *(Delete(locked=locked(f"Pilot {at}", llm_id=f"llm-{at:04d}")) for at in range(11)),
        ),
    )


def deletions():
    """Deletions of what is used much, little and not at all, and of one whose usage is unknown."""
    ids = ("llm-much", "llm-once", "llm-never", "llm-untold", "llm-tokens")
    gone = [Delete(locked=locked(llm_id.removeprefix("llm-").title(), llm_id=llm_id)) for llm_id in ids]
    return Plan(changes=(Create(desired=desired("Embeddings")), *gone), refreshed=True)


def _used(llm_id, **counters):
    return LlmStats(llm_id=llm_id, counters=tuple(sorted(counters.items())))


USAGE = (
    _used("llm-much", totalApiCalls=12_345, totalTokensIn=9_876_543, totalTokensOut=210, totalAlerts=3),
    _used("llm-once", totalApiCalls=1),
    _used("llm-never", totalApiCalls=0, totalTokensIn=0, totalTokensOut=0),
    _used("llm-tokens", totalTokensIn=17),
    _used("llm-of-others", totalApiCalls=777),
)


AGES = Ages(today="2026-11-29", most=90)


def old_credentials():
    """Credentials that were sent long ago, one of which is renewed, and one that fbsync never sent."""

    def sent(reference, day):
        return replace(fingerprint(reference), sent_on=day)

    aws = {"key": credential("AWS_ACCESS_KEY_ID"), "ai_type": "AWS"}
    known_aws = {"key": sent("AWS_ACCESS_KEY_ID", "2026-11-28"), "ai_type": "AWS"}
    want = [
        desired("Old"),
        desired("Renewed", secret=Credential(reference="RENEWED", secret=Secret("b", reference="RENEWED"))),
        desired("Exported"),
        desired("Bedrock", **aws),
    ]
    known = [
        replace(locked("Old"), secret=sent("OPENAI_API_KEY", "2026-03-01")),
        replace(locked("Renewed"), secret=sent("RENEWED", "2025-11-29")),
        locked("Exported"),
        replace(locked("Bedrock", **known_aws), secret=sent("OPENAI_API_KEY", "2026-08-01")),
        replace(locked("Undeclared"), secret=sent("OPENAI_API_KEY", "2026-11-29")),
    ]
    return make_plan(want, known, None, fingerprints=OnlyRenewed(), ages=AGES)


class OnlyRenewed:
    """Fingerprints with one changed credential."""

    can_verify = True

    def matches(self, credential, locked, *, llm_id, field):
        return credential.reference != "RENEWED"


def renames():
    """Additions that look like entries that are no longer declared, and unknown former names."""
    known = (locked("Chat", llm_id="llm-0001"), locked("Search", llm_id="llm-0002", endpoint="https://search.example"))
    declared = (
        desired("Chat for support"),
        desired("Search", endpoint="https://search.example", workspace="ws-research"),
        desired("Translations", endpoint="https://translate.example", previous_name="Translator <b>`x`</b>"),
    )
    return make_plan(declared, known, None, fingerprints=NO_FINGERPRINTS)


class NoFingerprints:
    """Fingerprints for plans without changed credentials."""

    can_verify = False

    def matches(self, *_):
        raise AssertionError("nothing is compared")


NO_FINGERPRINTS = NoFingerprints()

REFUSALS = (
    Refusal(
        identity=desired("Moderation").identity,
        message="is already on the server (id llm-live), but not in the lockfile",
        hint="pass --adopt to take it over",
    ),
    Refusal(
        identity=locked("Ledger").identity,
        message="is protected and would be deleted because it is no longer declared",
        hint="declare it again, or set `protect: false` and apply before you remove it",
    ),
    Refusal(
        identity=None,
        message="this would delete 12 configurations; the limit is 5",
        hint="to do it anyway, pass --max-deletes 12",
    ),
)

PLANS = {
    "nothing-to-do": (nothing_to_do, None),
    "first-plan": (first_plan, None),
    "every-kind": (every_kind, "production"),
    "without-credentials": (without_credentials, "staging"),
    "hostile-names": (hostile_names, "a-->b"),
    "wide-names": (wide_names, None),
    "many-changes": (lambda: many_changes(45), "production"),
    "refused": (refused, "production"),
    "deletions": (deletions, "production"),
    "renames": (renames, None),
    "old-credentials": (old_credentials, None),
}


MORE = {
    "deletions": {"usage": USAGE},
    "old-credentials": {"ages": AGES},
    "refused": {
        "api_url": "https://llm.staging.example.com",
        "files": ("ci.env", ".env.production", ".env"),
        "refusals": REFUSALS,
    },
    "hostile-names": {"api_url": "https://evil.example/`x`<b>", "files": ("a`b\x1b.env",)},
}
"""Further data of some plans."""


def golden(name):
    """The document of the plan with this name."""
    make, environment = PLANS[name]
    plan = make()
    return document(plan, environment=environment, compared=compared(plan), **MORE.get(name, {}))


def compared(plan):
    return COMPARED_LIVE if plan.refreshed else COMPARED


def some_drift(name="Chat", *, environment="staging", api_url=DEFAULT_API_URL):
    """Each kind of difference once, in an environment."""
    here = live(name, llm_id="llm-2")
    moved = (FieldDrift(field=Field.ENDPOINT, known="https://a.example", live="https://b.example"),)
    drift = Drift(
        differences=(
            ChangedOutside(locked=locked(name), live=here, fields=moved, in_doubt=True),
            DeletedOutside(locked=locked(f"{name} deleted")),
            ReplacedOutside(locked=locked(f"{name} replaced"), live=(here,), fields=moved),
            ChangedOutside(locked=locked(f"{name} undeclared"), live=here, fields=moved),
            Unadopted(live=live(f"{name} declared")),
            Unmanaged(live=live(f"{name} of others", workspace="ws-other")),
        ),
        in_step=3,
        workspaces=frozenset({"ws-main"}),
    )
    names = (name, f"{name} deleted", f"{name} replaced", f"{name} declared")
    return DriftFound(
        environment=environment,
        api_url=api_url,
        compared=COMPARED_LIVE,
        declared={desired(one).identity: one for one in names},
        drift=drift,
        ages=(
            (desired(name).identity, CredentialAge(field=Field.KEY, sent_on="2026-08-01", days=120)),
            (desired(name).identity, CredentialAge(field=Field.SECRET, sent_on="2026-11-29", days=0)),
        ),
        warnings=(Notice(identity=desired(name).identity, message="its key was last sent on 2026-08-01: rotate it"),),
        has_stored_keys=environment is not None,
    )

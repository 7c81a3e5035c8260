"""Random plans of all kinds of change, with random foreign text."""

from hypothesis import strategies as st
from plans import (
    HOSTILE,
    credential,
    credential_change,
    desired,
    field_change,
    live,
    locked,
    notice,
    update,
)

from fbsync.model.changes import Adopt, Blocked, Cause, Changed, Create, Delete, Unchanged, Undeclared
from fbsync.model.configurations import Field
from fbsync.model.plan import Plan

MARKUP = "`*_~[](){}<>#@!|\\&;:/-+.=\"'$\n\r\t \x1b\u202e\u2066\u200dabcdefgh0123"
foreign = st.one_of(
    st.sampled_from(HOSTILE),
    st.text(alphabet=MARKUP, max_size=40),
    st.text(max_size=20),
)


@st.composite
def updates(draw):
    fields = draw(
        st.lists(st.builds(field_change, st.sampled_from(list(Field)[:3]), foreign, foreign), min_size=1, max_size=3)
    )
    credentials = draw(st.lists(st.builds(credential_change, st.sampled_from(list(Changed))), max_size=1))
    drifted = field_change(Field.ENDPOINT, draw(foreign), draw(foreign), cause=Cause.BOTH, known=draw(foreign))
    return update(draw(foreign), *fields, drifted, credentials=credentials)


changes = st.one_of(
    st.builds(
        lambda name, workspace, url: Create(desired=desired(name, workspace=workspace, endpoint=url)), *[foreign] * 3
    ),
    st.builds(
        lambda name, llm_id, url: Adopt(desired=desired(name), live=live(name, llm_id=llm_id, endpoint=url)),
        *[foreign] * 3,
    ),
    updates(),
    st.builds(lambda name, llm_id: Delete(locked=locked(name, llm_id=llm_id, protect=True)), foreign, foreign),
    st.builds(lambda name: Undeclared(locked=locked(name)), foreign),
    st.builds(lambda *texts: Blocked(desired=desired(texts[0]), message=texts[1], hint=texts[2]), *[foreign] * 3),
    st.builds(
        lambda name: Unchanged(
            desired=desired(name, secret=credential("KEY", is_set=False)),
            locked=locked(name, protect=True),
            credentials=(credential_change(Changed.UNVERIFIED, is_set=False),),
        ),
        foreign,
    ),
)


@st.composite
def plans(draw, max_size=8):
    made = tuple(draw(st.lists(changes, max_size=max_size)))
    declared = [change for change in made if hasattr(change, "desired")]
    warned = draw(st.lists(st.tuples(st.sampled_from(declared), foreign), max_size=3)) if declared else []
    return Plan(changes=made, refreshed=draw(st.booleans()), warnings=tuple(notice(*item) for item in warned))

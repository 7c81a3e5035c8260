import pytest

from fbsync.model.configurations import Credential, Field, LockedCredential
from fbsync.model.errors import FbsyncError
from fbsync.model.secret import Secret
from fbsync.state.fingerprint import Fingerprinter, Method, Parameters, new_parameters

KEY = Secret("a-fingerprint-key", reference="FBSYNC_FINGERPRINT_KEY")
VALUE = Secret("a-credential", reference="A")


@pytest.fixture(params=["scrypt", "hmac"])
def fingerprinter(request):
    key = KEY if request.param == "hmac" else None
    return Fingerprinter(new_parameters(key), key=key)


def locked(fingerprint):
    return LockedCredential(reference="A", fingerprint=fingerprint)


def test_the_same_value_matches_and_another_does_not(fingerprinter):
    made = fingerprinter.fingerprint(VALUE, llm_id="id-1", field=Field.SECRET)
    same, other = Credential(reference="A", secret=VALUE), Credential(reference="A", secret=Secret("b", reference="A"))
    assert fingerprinter.matches(same, locked(made), llm_id="id-1", field=Field.SECRET) is True
    assert fingerprinter.matches(other, locked(made), llm_id="id-1", field=Field.SECRET) is False


def test_equal_secrets_do_not_look_equal(fingerprinter):
    made = {
        fingerprinter.fingerprint(VALUE, llm_id=llm_id, field=field)
        for llm_id in ("id-1", "id-2")
        for field in (Field.KEY, Field.SECRET)
    }
    assert len(made) == 4
    assert not any(VALUE.reveal() in fingerprint for fingerprint in made)


def test_two_lockfiles_have_different_salts():
    one, two = (Fingerprinter(new_parameters(None), key=None) for _ in range(2))
    assert one.fingerprint(VALUE, llm_id="i", field=Field.SECRET) != two.fingerprint(
        VALUE, llm_id="i", field=Field.SECRET
    )


def test_what_cannot_be_told_is_none(fingerprinter):
    made = fingerprinter.fingerprint(VALUE, llm_id="i", field=Field.SECRET)
    unset = Credential(reference="A", secret=None)
    known = Credential(reference="A", secret=VALUE)
    assert fingerprinter.matches(unset, locked(made), llm_id="i", field=Field.SECRET) is None
    assert fingerprinter.matches(known, locked(None), llm_id="i", field=Field.SECRET) is None


def test_without_the_key_nothing_is_verified():
    keyed = Fingerprinter(new_parameters(KEY), key=KEY)
    made = keyed.fingerprint(VALUE, llm_id="i", field=Field.SECRET)
    keyless = Fingerprinter(keyed.parameters, key=None)
    assert not keyless.can_verify
    known = Credential(reference="A", secret=VALUE)
    assert keyless.matches(known, locked(made), llm_id="i", field=Field.SECRET) is None
    with pytest.raises(FbsyncError, match="key"):
        keyless.fingerprint(VALUE, llm_id="i", field=Field.SECRET)


def test_another_key_is_refused_rather_than_taken_for_rotated_secrets():
    parameters = new_parameters(KEY)
    with pytest.raises(FbsyncError, match="is not the key"):
        Fingerprinter(parameters, key=Secret("another key", reference="FBSYNC_FINGERPRINT_KEY"))


def test_preparing_changes_no_fingerprint():
    parameters = new_parameters(None)
    values = [Secret(f"value-{at}", reference="A") for at in range(5)]
    prepared, plain = Fingerprinter(parameters, key=None), Fingerprinter(parameters, key=None)
    prepared.prepare([*values[:2], *values[:2]])
    prepared.prepare(values)
    for value in values:
        assert prepared.fingerprint(value, llm_id="i", field=Field.KEY) == plain.fingerprint(
            value, llm_id="i", field=Field.KEY
        )


def test_scrypt_is_the_one_of_rfc_7914():
    """The key matches hashlib's scrypt over the salt's text, so that other tools can check it."""
    import hashlib
    import hmac
    from base64 import urlsafe_b64encode

    parameters = Parameters(method=Method.SCRYPT, salt="c2FsdHNhbHRzYWx0c2FsdA", n=4096)
    root = hashlib.scrypt(b"a-credential", salt=b"c2FsdHNhbHRzYWx0c2FsdA", n=4096, r=8, p=1, dklen=32)
    digest = hmac.digest(root, b"fbsync fingerprint 1\0secret\0id-1", "sha256")[:18]
    made = Fingerprinter(parameters, key=None).fingerprint(VALUE, llm_id="id-1", field=Field.SECRET)
    assert made == urlsafe_b64encode(digest).decode().rstrip("=")

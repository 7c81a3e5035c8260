"""Detect values that cannot be credentials: masks, placeholders, unresolved references, stray characters."""

from __future__ import annotations

import re

_QUOTES = {'"': '"', "'": "'", "`": "`", "\u201c": "\u201d", "\u2018": "\u2019", "\u201e": "\u201c", "\u00ab": "\u00bb"}
_MASKING = frozenset("*\u2022\u25cf\u00b7.xX#_?-")
_MARKS = frozenset("$%@<[(*{:/")
"""Every match of a pattern contains one of these. Credentials seldom do, so the patterns are seldom compiled."""
_MASK_WORD = r"(?i)[\[(<*]+ *(?:masked|redacted|hidden|secret|sensitive(?: value)?|filtered) *[\])>*]+"
_REFERENCE = r"(?s)\$\w+|\$\{[^{}]*\}|\$\([^()]*\)|\$<\w+>|\$?\{\{.*\}\}|%\w+%|@Microsoft\.KeyVault\(.*\)|<%.*%>"
_ADDRESS = (
    r"(?s)(?:op|bw|bws|vault|pass|keychain|keyring|doppler|infisical|akv|azurekeyvault|awssm|aws-sm|awsssm|gcpsm|gsm|"
    r"sm|secretsmanager|secret|sops|file|env|ref\+[a-z0-9]+)://.*|arn:aws[a-z-]*:(?:secretsmanager|ssm|kms):.*|"
    r"projects/[^/]+/secrets/.*|vault:[\w/-]+#\w+"
)
_TAG = r"<[^<>]+>"
_PATTERNS = (
    (_MASK_WORD, "is a mask, not the value"),
    (_REFERENCE, "is an unresolved reference"),
    (_ADDRESS, "is the address of a secret, not the secret"),
    (_TAG, "is a placeholder"),
)
_WORDS = frozenset(
    (
        *("changeme", "changethis", "replaceme", "replacethis", "fillmein", "fixme", "todo", "tbd", "placeholder"),
        *("apikey", "yourapikey", "yourapikeyhere", "yourkey", "yourkeyhere", "yoursecret", "yoursecrethere"),
        *("yourtoken", "yourtokenhere", "insertkeyhere", "insertyourkeyhere", "insertapikeyhere", "mysecret"),
        *("myapikey", "secret", "password", "token", "key", "credential", "example", "dummy", "sample", "none"),
        *("null", "nil", "undefined", "false", "true", "unset", "empty", "masked", "redacted", "hidden"),
    )
)


def doubt(value: str) -> str | None:
    """Say why a value is clearly not a credential, without repeating any part of the value.

    Args:
        value: the value, which is not empty.

    Returns:
        The end of a sentence that begins with "it", or None if the value may be a credential.
    """
    if value != value.strip():
        return "starts or ends with a space or a line break"
    if _QUOTES.get(value[0]) == value[-1] and len(value) > 1:
        return "has quotes around it"
    if _is_mask(value):
        return "is a mask, not the value"
    if not _MARKS.isdisjoint(value):
        for pattern, what in _PATTERNS:
            if re.fullmatch(pattern, value):
                return what
    if re.sub(r"[\s_.-]", "", value).lower() in _WORDS:
        return "is a placeholder"
    if not value.isprintable() and any(not (character.isprintable() or character in "\n\r\t") for character in value):
        return "contains an invisible character"
    return None


def _is_mask(value: str) -> bool:
    """Whether a value is nothing but one masking character, three times or more, or nothing but ellipses."""
    characters = set(value)
    return (len(value) > 2 and len(characters) == 1 and characters <= _MASKING) or characters == {"\u2026"}  # noqa: PLR2004

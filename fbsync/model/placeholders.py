"""Values that cannot be credentials: masks, placeholders, references that nothing resolved, stray characters."""

from __future__ import annotations

import re

_QUOTES = {'"': '"', "'": "'", "`": "`", "\u201c": "\u201d", "\u2018": "\u2019", "\u201e": "\u201c", "\u00ab": "\u00bb"}
_MASK = re.compile(r"([*\u2022\u25cf\u00b7.xX#_?-])\1{2,}|\u2026+")
_MASK_WORD = re.compile(
    r"[\[(<*]+ *(?:masked|redacted|hidden|secret|sensitive(?: value)?|filtered) *[\])>*]+", re.IGNORECASE
)
_REFERENCE = re.compile(
    r"\$\w+|\$\{[^{}]*\}|\$\([^()]*\)|\$<\w+>|\$?\{\{.*\}\}|%\w+%|@Microsoft\.KeyVault\(.*\)|<%.*%>", re.DOTALL
)
_ADDRESS = re.compile(
    r"(?:op|bw|bws|vault|pass|keychain|keyring|doppler|infisical|akv|azurekeyvault|awssm|aws-sm|awsssm|gcpsm|gsm|sm|"
    r"secretsmanager|secret|sops|file|env|ref\+[a-z0-9]+)://.*|arn:aws[a-z-]*:(?:secretsmanager|ssm|kms):.*|"
    r"projects/[^/]+/secrets/.*|vault:[\w/-]+#\w+",
    re.DOTALL,
)
_TAG = re.compile(r"<[^<>]+>")
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
    """Say why a credential's value is clearly not ane, in words that repeat nothing of it.

    Args:
        value: the value, which is not empty.

    Returns:
        What the value is instead, as the end of a sentence ("it …"), or None where it may be a credential.
    """
    if value != value.strip():
        return "starts or ends with a space or a line break"
    if _QUOTES.get(value[0]) == value[-1] and len(value) > 1:
        return "has quotes around it"
    if _MASK.fullmatch(value) or _MASK_WORD.fullmatch(value):
        return "is a mask, not the value"
    if _REFERENCE.fullmatch(value):
        return "is an unresolved reference"
    if _ADDRESS.fullmatch(value):
        return "is the address of a secret, not the secret"
    if _TAG.fullmatch(value) or re.sub(r"[\s_.-]", "", value).lower() in _WORDS:
        return "is a placeholder"
    if not value.isprintable() and any(not (character.isprintable() or character in "\n\r\t") for character in value):
        return "contains an invisible character"
    return None

"""Credentials of every shape, their encoded forms, and a scan for all of them."""

import base64
import html
import json
import subprocess
from urllib.parse import quote, quote_plus

_QUOTES = "qu\"ote'd\\and/slashed-77aa01"
_PEM = base64.b64encode(bytes(range(7, 151))).decode()

SHAPES = {
    "QUOTES": _QUOTES,
    "UMLAUTS": "Schlüssel-für-Größe-4711-é-😀",
    "LINES": "first-line-9f3a55\nsecond-line-77b1e0\r\nthird-line-40c2",
    "DOCUMENT": '{"type": "service_account", "private_key": "canary<&>0d93be"}',
    "PEM": f"-----BEGIN PRIVATE KEY-----\n{_PEM[:64]}\n{_PEM[64:128]}\n{_PEM[128:]}\n-----END PRIVATE KEY-----\n",
    "FOUR": "Zk~9",
    "BLANKS": "two words and three 88 12 x",
    "PERCENT": "100%41-%s-%(x)s-{0}-$HOME-%%",
    "PADDED": base64.b64encode(b"a canary that ends with padding").decode(),
    "MARKUP": "<b>&amp;\"canary\"&lt;/b> + 'more' 5e1f0c",
    "OUTER": f"before-{_QUOTES}-behind",
    "URL": "AK?a=1&b=2#c/%2F+d e-3c9910",
}


def _joined(texts):
    return tuple(dict.fromkeys(text.encode() for text in texts))


def _unicode(value):
    units = value.encode("utf-16-be")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))


def _aligned(value):
    """The base64 characters that depend on the value only, for each position where it may begin in a longer text."""
    data = value.encode()
    for before in range(3):
        first = -(-before * 8 // 6)
        last = (before + len(data)) * 8 // 6
        yield base64.b64encode(bytes(before) + data).decode()[first:last]


_LEAST = 6
"""By chance alone, a salt shares fewer base64 or hexadecimal characters in a row with a value."""

FORMS = {
    "plain": lambda value: [value, *(line for line in value.splitlines() if len(line) > 8 and "-----" not in line)],
    "json": lambda value: [json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1]],
    "json twice": lambda value: [json.dumps(json.dumps(value))[3:-3]],
    "unicode": lambda value: [_unicode(value)],
    "url": lambda value: [quote(value, safe=""), quote(value), quote_plus(value)],
    "html": lambda value: [html.escape(value), html.escape(value, quote=False)],
    "base64": lambda value: [text for text in _aligned(value) if len(text) >= _LEAST],
    "base64 of URLs": lambda value: [
        text.replace("+", "-").replace("/", "_") for text in _aligned(value) if len(text) >= _LEAST
    ],
    "hexadecimal": lambda value: [value.encode().hex(), value.encode().hex().upper()],
}
"""Each form of a value, as texts that reveal it."""


def repeated(value, form):
    """A value as a server repeats it: whole, in one of the forms."""
    if form.startswith("base64"):
        encode = base64.b64encode if form == "base64" else base64.urlsafe_b64encode
        return encode(value.encode()).decode()
    return FORMS[form](value)[0]


class Scan:
    """A search for values in all their forms.

    Args:
        values: what must not occur anywhere, by the name that a failure shows.
    """

    def __init__(self, values):
        self._needles = [
            (name, form, needle)
            for name, value in values.items()
            for form, forms in FORMS.items()
            for needle in _joined(forms(value))
        ]

    def of(self, data):
        """What some bytes reveal: names and forms, but never a value."""
        return [(name, form) for name, form, needle in self._needles if needle in data]

    def of_folder(self, folder, *, spared=()):
        """What the files of a folder reveal, with their names and the objects of git repositories."""
        found = []
        for path in folder.rglob("*"):
            found += [(str(path.relative_to(folder)), *hit) for hit in self.of(str(path.name).encode())]
            if path.is_file() and path.name not in spared:
                found += [(str(path.relative_to(folder)), *hit) for hit in self.of(path.read_bytes())]
            if path.name == "objects" and (path.parent / "HEAD").is_file():
                found += [("git", *hit) for hit in self.of(_git_objects(path.parent))]
        return found


def _git_objects(repository):
    command = ["git", "--git-dir", repository, "cat-file", "--batch", "--batch-all-objects"]
    return subprocess.run(command, check=True, capture_output=True).stdout

"""The secret: a resolved credential that prints as its reference and never as itself."""

from __future__ import annotations

from typing import Any, NoReturn


class Secret:
    """A credential's value with the name of its variable.

    It cannot be printed, formatted, concatenated, iterated, copied, pickled or put into JSON by accident. Only
    ``reveal`` returns the value.

    Args:
        value: the credential.
        reference: the variable's name, without a dollar sign.
    """

    __slots__ = ("__value", "reference")

    def __init__(self, value: str, *, reference: str) -> None:
        self.__value = value
        self.reference = reference

    def reveal(self) -> str:
        """Return the value itself."""
        return self.__value

    @property
    def doubt(self) -> str | None:
        """Why the value cannot be a credential, such as quotes around it, or None if it may be a credential."""
        from fbsync.model.placeholders import doubt

        return doubt(self.__value)

    def __repr__(self) -> str:
        return f"${self.reference}"

    def __format__(self, spec: str) -> str:
        return format(repr(self), spec)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        from hmac import compare_digest  # here, since checking a manifest does not need what this loads

        return compare_digest(self.__value.encode(), other.reveal().encode())

    def __hash__(self) -> int:
        return hash(self.__value)

    def __reduce_ex__(self, protocol: Any) -> NoReturn:  # noqa: ANN401 - object's own signature
        raise TypeError("a secret cannot be pickled or copied")

"""Trust: the certificate authorities that a server's certificate is checked against."""

from __future__ import annotations

import os
import ssl
from typing import TYPE_CHECKING, NoReturn

from fbsync.model.errors import ExitCode, FbsyncError

if TYPE_CHECKING:
    from pathlib import Path


def trusted(ca_file: Path | None) -> ssl.SSLContext:
    """The context in which TLS is spoken: certificates and host names are checked.

    ``SSL_CERT_FILE`` and ``SSL_CERT_DIR`` count as everywhere. ``SSLKEYLOGFILE`` does not: it would have the keys of
    the connections over which credentials go written to a file.

    Args:
        ca_file: authorities to trust, in PEM, or None for those of the environment, else certifi's.

    Raises:
        FbsyncError: the authorities cannot be used.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    file, folder = os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR")
    try:
        if ca_file is not None:
            context.load_verify_locations(cafile=ca_file)
        elif file or folder:
            context.load_verify_locations(cafile=file or None, capath=folder or None)
        else:
            import certifi

            context.load_verify_locations(cafile=certifi.where())
    except OSError as error:
        _refuse(error, ca_file)
    return context


def untrusting() -> ssl.SSLContext:
    """A context for servers without TLS: it trusts nothing, and takes no time."""
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def _refuse(error: OSError, ca_file: Path | None) -> NoReturn:
    # ssl.SSLError is an OSError: the file is there and holds no certificate.
    reason = "it has no PEM certificate" if isinstance(error, ssl.SSLError) else error.strerror
    where, option = (f"in {ca_file}", "--ca-file") if ca_file else ("of SSL_CERT_FILE", "it, or unset it")
    raise FbsyncError(
        f"the certificates {where} cannot be used: {reason}",
        hint=f"pass a PEM file of CA certificates with {option}",
        exit_code=ExitCode.INVALID_INPUT,
    ) from error

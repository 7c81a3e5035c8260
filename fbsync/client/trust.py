"""Choose the certificate authorities to check a server's certificate against."""

from __future__ import annotations

import os
import ssl
from typing import TYPE_CHECKING, NoReturn

from fbsync.model.errors import ExitCode, FbsyncError

if TYPE_CHECKING:
    from pathlib import Path


def trusted(ca_file: Path | None) -> ssl.SSLContext:
    """Return a TLS context that checks certificates and host names.

    It uses ``SSL_CERT_FILE`` and ``SSL_CERT_DIR`` as other programs do. It ignores ``SSLKEYLOGFILE``, which would
    write the keys of connections that carry credentials to a file.

    Args:
        ca_file: a PEM file of CA certificates to trust, or None for the environment's, else certifi's.

    Raises:
        FbsyncError: the certificates cannot be used.
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
    """Return a context for servers without TLS. It trusts no authority, so it loads none, which would take time."""
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def _refuse(error: OSError, ca_file: Path | None) -> NoReturn:
    # ssl.SSLError is an OSError, too: the file exists, but contains no certificate.
    reason = "it has no PEM certificate" if isinstance(error, ssl.SSLError) else error.strerror
    where, option = (f"in {ca_file}", "--ca-file") if ca_file else ("of SSL_CERT_FILE", "it, or unset it")
    raise FbsyncError(
        f"the certificates {where} cannot be used: {reason}",
        hint=f"pass a PEM file of CA certificates with {option}",
        exit_code=ExitCode.INVALID_INPUT,
    ) from error

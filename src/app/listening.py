"""The socket that the service listens on."""

import socket

from app.failure import Failure


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens there.

    :raises Failure: if the port is taken, not allowed, or the host is none of this machine's.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError as error:
        message = f"The host {host} is not known ({error.strerror or error}): choose with --host."
        raise Failure(message) from None
    family, kind, protocol, _, address = found[0]
    sock = socket.socket(family, kind, protocol)
    try:
        # Connections of a service that just ended may linger; one that listens is still noticed.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(address)
        sock.listen()
    except OSError as error:
        sock.close()
        reason = (error.strerror or str(error)).lower()
        message = (
            f"The service cannot listen on {host}, port {port} ({reason}): choose another port "
            "with --port."
        )
        raise Failure(message) from None
    return sock

"""Which addresses this machine can be reached at, and sockets there."""

import errno
import socket

import ifaddr

ANY = "::"
"""Every address of the machine, IPv6 and IPv4."""
ANY_IPV4 = "0.0.0.0"
_NO_IPV6 = (errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL)


def bound_socket(host: str, port: int, kind: socket.SocketKind) -> socket.socket:
    """Not blocking, of both families for `ANY`; where this machine has no IPv6, of IPv4. Raises
    `OSError`."""
    try:
        return _bound(host, port, kind)
    except OSError as error:
        if host != ANY or error.errno not in _NO_IPV6:
            raise
    return _bound(ANY_IPV4, port, kind)


def where_told(host: str, port: int, told: tuple[str, ...]) -> str:
    """Where the media port is bound: at the one address that sites are told, where this machine has
    it. Bound to all, the kernel answers from an interface's first address, whichever was asked;
    browsers drop that (RFC 8445 7.2.5.2.1), and to name each datagram's source costs more. Of
    several, the router may pass on to any, so that `host` has to say it. Raises `OSError` where
    somebody else has it."""
    if len(told) == 1 and host in (ANY, ANY_IPV4):
        try:
            _bound(told[0], port, socket.SOCK_DGRAM).close()
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise
            return host  # a router's, which passes on to here
        return told[0]
    return host


def _bound(host: str, port: int, kind: socket.SocketKind) -> socket.socket:
    [(family, _, protocol, _, address), *_] = socket.getaddrinfo(host, port, type=kind)
    bound = socket.socket(family, kind, protocol)
    try:
        bound.setblocking(False)
        if family == socket.AF_INET6:
            bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, host != ANY)
        if kind is socket.SOCK_STREAM:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(address)
    except BaseException:
        bound.close()
        raise
    return bound


def plain(host: str) -> str:
    """An IPv4 address as people write it, where a socket of both families has it mapped into IPv6
    (RFC 4291 2.5.5.2)."""
    return host.removeprefix("::ffff:") if "." in host else host


def own_addresses(bound: str) -> tuple[str, ...]:
    """What a socket bound to `bound` can be reached at: itself, or for 0.0.0.0 and :: every
    address of the machine, loopback last: it serves only this machine's own browsers."""
    if bound not in (ANY_IPV4, ANY):
        return (bound,)
    found = [
        ip.ip if isinstance(ip.ip, str) else ip.ip[0]
        for adapter in ifaddr.get_adapters()
        for ip in adapter.ips
        if isinstance(ip.ip, str) or bound == ANY
    ]
    usable = [address for address in found if not address.startswith(("169.254.", "fe80:"))]
    return tuple(sorted(usable, key=lambda address: address in ("127.0.0.1", "::1")))

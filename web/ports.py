"""Ports: free ones found, taken ones named with the key that changes them."""

import errno
import socket
from dataclasses import dataclass

from config.settings import ConfigError, Settings
from streams.udp.addresses import bound_socket


@dataclass(frozen=True, slots=True)
class Place:
    """Something that listens, and the settings section that says where."""

    section: str
    host: str
    port: int
    kind: socket.SocketKind

    @property
    def protocol(self) -> str:
        return "UDP" if self.kind is socket.SOCK_DGRAM else "TCP"


def places(settings: Settings) -> list[Place]:
    """All that this server listens on."""
    found = [Place("http", settings.http.host, settings.http.port, socket.SOCK_STREAM)]
    if settings.https.enabled:
        found.append(Place("https", settings.https.host, settings.https.port, socket.SOCK_STREAM))
    return [*found, Place("media", settings.media.host, settings.media.port, socket.SOCK_DGRAM)]


def settled(settings: Settings) -> Settings:
    """With a real number for every port 0, so that a restarted relay returns to the same place.

    Raises `ConfigError` naming every place that cannot be had.
    """
    faults: list[str] = []
    updates: dict[str, object] = {}
    for place in places(settings):
        try:
            port = _try(place)
        except OSError as error:
            faults.append(sentence(place, error))
        else:
            section = getattr(settings, place.section)
            updates[place.section] = section.model_copy(update={"port": port})
    if faults:
        raise ConfigError("\n".join(faults))
    return settings.model_copy(update=updates)


def _try(place: Place) -> int:
    with bound_socket(place.host, place.port, place.kind) as probe:
        if place.kind is socket.SOCK_STREAM:
            probe.listen()
        return int(probe.getsockname()[1])


def sentence(place: Place, error: OSError) -> str:
    """Why this place cannot be had, and which key to change."""
    where = f"{place.section}.port = {place.port}"
    match error.errno:
        case errno.EADDRINUSE:
            return (
                f"{where}: {place.protocol} port {place.port} is in use by another program; "
                f"end it, or set another `port` in [{place.section}]"
            )
        case errno.EACCES | errno.EPERM:
            return (
                f"{where}: ports below 1024 need a permission this user does not have; set a "
                f"higher `port` in [{place.section}] and have a proxy or the firewall forward"
            )
        case errno.EADDRNOTAVAIL:
            return (
                f"{place.section}.host = {place.host!r}: this machine has no such address; "
                f"set another `host` in [{place.section}]"
            )
        case _:
            return f"{where} on {place.host}: {error.strerror or error}"

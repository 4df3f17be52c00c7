"""Which addresses this machine can be reached at."""

import ifaddr


def own_addresses(bound: str) -> tuple[str, ...]:
    """What a socket bound to `bound` can be reached at: itself, or for 0.0.0.0 and :: every
    address of the machine, loopback last: it serves only this machine's own browsers."""
    if bound not in ("0.0.0.0", "::"):
        return (bound,)
    found = [
        ip.ip if isinstance(ip.ip, str) else ip.ip[0]
        for adapter in ifaddr.get_adapters()
        for ip in adapter.ips
        if isinstance(ip.ip, str) or bound == "::"
    ]
    usable = [address for address in found if not address.startswith(("169.254.", "fe80:"))]
    return tuple(sorted(usable, key=lambda address: address in ("127.0.0.1", "::1")))

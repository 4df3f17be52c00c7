"""The one UDP socket: datagrams in and out, many by one call, ICE checks, when to be awake."""

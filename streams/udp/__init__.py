"""The one UDP socket: datagrams in and out, many by one system call, and when to be awake."""

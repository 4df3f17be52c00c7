"""Peers: offer and answer, DTLS, turns."""

"""One peer: offer and answer, DTLS, its turns."""

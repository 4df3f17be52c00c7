"""One peer: offer and answer, ICE checks, DTLS, its turns."""

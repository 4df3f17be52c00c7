"""What is in packets: formats of RTP and RTCP, and of the pictures in their payloads. Pure."""

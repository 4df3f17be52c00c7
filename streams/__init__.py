"""RTP in, RTP out, one UDP port, and the wire to the studio. Decodes nothing, knows no session.

`relay` puts it together and is what `web` speaks to; `rights` says who may have what, `lines` what
is told of each line. The folders, from the line inwards:

udp          The socket: port, stun (checks), receiving (recvmmsg), sending (sendmmsg, srtp), many
             (who get the same), waking (when to be awake), addresses
connections  One peer: offered (what is read of an offer), sdp (what is taken of it), answer,
             ice_restart, aiortc_private (DTLS), peer, peers (all), ticker (whose turn it is)
rtp          What is in packets: header, packetise, bursts (as they leave), red, twcc, nack,
             extended_reports (RTCP XR), bitstream (what a coded picture says of itself)
uplink       What sites send: publishers (all), publisher (one's connection), stream (its
             packets in order), assembly (frames of them), standing_queue; talkback, echo
downlink     What viewers get: viewers (all), viewer (one), track (a section of his), renumbering,
             viewer_rtcp; fanout (the program, kept once), backlog (what is too old for it),
             group (who are served by one call), pacer
bandwidth    How much of it: steering (which rendition, when), sent, congestion, losses, probing,
             remb, renditions, pace (how fast), sparing (which reports are read)
The studio   wire
Everywhere   frames (the two types that travel), lag (of the event loop)
"""

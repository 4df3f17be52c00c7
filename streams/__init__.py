"""RTP in, RTP out, one UDP port, and the wire to the studio. Decodes nothing, knows no session.

`relay` puts it together and is what `web` speaks to. The rooms, from the line inwards:

The port     port, receiving, handful, waking (when to be awake), rounds (whose turn it is), lag;
             sending, bursts, batch, srtp; addresses, checks (STUN), aiortc_private (DTLS)
Connections  peer (one), sdp (offer and answer), restart; publishers (who sends), gallery (who
             watches), talks, echo; rights (who may what), lines (how each is)
Sites in     publisher (one site's connection), uplink (one stream of it), redundancy, pictures;
             what it is told: arrivals, standing, extended_reports
Program out  cutting, packetise, backlog (what is too old for it), fanout (what all get), crew (who
             ride together), numbers; viewer (one, alone), substream, downlink, pacer
His line     told (what he says of it), feedback, steering (what he gets), congestion, losses,
             probing, renditions, reported
The studio   wire
Everywhere   frames (the two types that travel), rtp
"""

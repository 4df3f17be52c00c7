"""Offers as others write them."""

import asyncio

from aiortc import RTCPeerConnection


async def _stock(direction: str) -> str:
    peer = RTCPeerConnection()
    peer.addTransceiver("audio", direction=direction)
    peer.addTransceiver("video", direction=direction)
    text: str = (await peer.createOffer()).sdp
    await peer.close()
    return text


PUBLISH, VIEW = asyncio.run(_stock("sendonly")), asyncio.run(_stock("recvonly"))
"""Of stock aiortc."""

# As Chromium writes it, shortened to what matters here.
CHROMIUM = """v=0
o=- 4611731400430051336 2 IN IP4 127.0.0.1
s=-
t=0 0
a=group:BUNDLE 0 1
a=extmap-allow-mixed
a=msid-semantic: WMS
m=audio 9 UDP/TLS/RTP/SAVPF 111 63 9
c=IN IP4 0.0.0.0
a=rtcp:9 IN IP4 0.0.0.0
a=ice-ufrag:abcd
a=ice-pwd:0123456789012345678901
a=ice-options:trickle
a=fingerprint:sha-256 AA:BB
a=setup:actpass
a=mid:0
a=extmap:3 http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time
a=sendonly
a=msid:- 1
a=rtcp-mux
a=rtcp-rsize
a=rtpmap:111 opus/48000/2
a=rtcp-fb:111 transport-cc
a=fmtp:111 minptime=10;useinbandfec=1
a=rtpmap:63 red/48000/2
a=rtpmap:9 G722/8000
m=video 9 UDP/TLS/RTP/SAVPF 96 97 103 104 109
c=IN IP4 0.0.0.0
a=rtcp:9 IN IP4 0.0.0.0
a=ice-ufrag:abcd
a=ice-pwd:0123456789012345678901
a=fingerprint:sha-256 AA:BB
a=setup:actpass
a=mid:1
a=extmap:3 http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time
a=sendonly
a=msid:- 2
a=rtcp-mux
a=rtpmap:96 VP8/90000
a=rtpmap:97 rtx/90000
a=fmtp:97 apt=96
a=rtpmap:103 H264/90000
a=fmtp:103 level-asymmetry-allowed=1;packetization-mode=0;profile-level-id=42001f
a=rtpmap:104 rtx/90000
a=fmtp:104 apt=103
a=rtpmap:109 H264/90000
a=fmtp:109 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f
"""

_FINGERPRINT = ":".join(["AB"] * 32)
OBS = f"""v=0
o=rtc 3467546210 0 IN IP4 127.0.0.1
s=-
t=0 0
a=group:BUNDLE 0 1
a=group:LS 0 1
a=msid-semantic:WMS *
a=setup:actpass
a=ice-ufrag:u8Xw
a=ice-pwd:8G4v9LzTq1mZkW2sYb7cPd
a=ice-options:ice2,trickle
a=fingerprint:sha-256 {_FINGERPRINT}
m=audio 57032 UDP/TLS/RTP/SAVPF 111
c=IN IP4 192.0.2.20
a=mid:0
a=sendonly
a=ssrc:1337 cname:obs
a=ssrc:1337 msid:obs obs-audio
a=msid:obs obs-audio
a=rtcp-mux
a=rtpmap:111 opus/48000/2
a=fmtp:111 minptime=10;maxaveragebitrate=96000;stereo=1;sprop-stereo=1;useinbandfec=1
a=candidate:1 1 UDP 2122317823 192.0.2.20 57032 typ host
a=candidate:2 1 UDP 2122317824 7c0b8f0e-1a55-4a3e-9f4f-111111111111.local 57033 typ host
a=end-of-candidates
m=video 57032 UDP/TLS/RTP/SAVPF 96 97
c=IN IP4 192.0.2.20
a=mid:1
a=sendonly
a=ssrc:1338 cname:obs
a=ssrc:1338 msid:obs obs-video
a=msid:obs obs-video
a=rtcp-mux
a=rtpmap:96 H264/90000
a=rtcp-fb:96 nack
a=rtcp-fb:96 nack pli
a=rtcp-fb:96 goog-remb
a=fmtp:96 profile-level-id=42e01f;packetization-mode=1;level-asymmetry-allowed=1
a=rtpmap:97 rtx/90000
a=fmtp:97 apt=96
"""
"""By hand, as OBS (libdatachannel) lays it out: what is of all sections stands before them."""

GSTREAMER = f"""v=0
o=- 4521876 0 IN IP4 0.0.0.0
s=-
t=0 0
a=ice-options:trickle
a=group:BUNDLE video0 audio1
m=video 9 UDP/TLS/RTP/SAVPF 96 97
c=IN IP4 0.0.0.0
a=setup:actpass
a=ice-ufrag:Zk3hD8
a=ice-pwd:q1w2e3r4t5y6u7i8o9p0asdfghjk
a=rtcp-mux
a=rtcp-rsize
a=sendonly
a=rtpmap:96 H264/90000
a=rtcp-fb:96 nack
a=rtcp-fb:96 nack pli
a=rtcp-fb:96 ccm fir
a=rtcp-fb:96 transport-cc
a=framerate:25
a=fmtp:96 packetization-mode=1;profile-level-id=42c01f;sprop-parameter-sets=Z0LAHw==,aMuDyw==
a=rtpmap:97 rtx/90000
a=fmtp:97 apt=96
a=extmap:1 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01
a=extmap:2 urn:ietf:params:rtp-hdrext:sdes:mid
a=ssrc-group:FID 4052186 2391123
a=ssrc:4052186 msid:user webrtctransceiver0
a=ssrc:4052186 cname:user
a=ssrc:2391123 cname:user
a=mid:video0
a=fingerprint:sha-256 {_FINGERPRINT}
m=audio 0 UDP/TLS/RTP/SAVPF 98
c=IN IP4 0.0.0.0
a=setup:actpass
a=ice-ufrag:Zk3hD8
a=ice-pwd:q1w2e3r4t5y6u7i8o9p0asdfghjk
a=bundle-only
a=rtcp-mux
a=rtcp-rsize
a=sendonly
a=rtpmap:98 OPUS/48000/2
a=rtcp-fb:98 nack
a=rtcp-fb:98 transport-cc
a=fmtp:98 sprop-stereo=0;sprop-maxcapturerate=48000
a=extmap:1 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01
a=extmap:3 urn:ietf:params:rtp-hdrext:ssrc-audio-level vad=on
a=ssrc:77 msid:user webrtctransceiver1
a=ssrc:77 cname:user
a=mid:audio1
a=fingerprint:sha-256 {_FINGERPRINT}
"""
"""By hand, as webrtcbin lays it out: bundled, with an extension that has attributes."""

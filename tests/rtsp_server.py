"""A camera of the kind that hangs in halls: GStreamer's RTSP server, playing a film once to each
that asks. Runs in Debian's own Python, which has GStreamer's bindings:

    /usr/bin/python3 tests/rtsp_server.py FILM [PORT]    # prints the port
"""

import sys

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")

from gi.repository import GLib, Gst, GstRtspServer  # noqa: E402 - only now has it a version

LAUNCH = """( filesrc location={} ! qtdemux name=film
  film.video_0 ! queue ! rtph264pay name=pay0 pt=96 config-interval=-1
  film.audio_0 ! queue ! rtpmp4gpay name=pay1 pt=97 )"""


def main() -> None:
    Gst.init(None)
    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service(sys.argv[2] if len(sys.argv) > 2 else "0")
    factory = GstRtspServer.RTSPMediaFactory()
    factory.set_launch(LAUNCH.format(sys.argv[1]))
    server.get_mount_points().add_factory("/camera", factory)
    server.attach(None)
    sys.stdout.write(f"{server.get_bound_port()}\n")
    sys.stdout.flush()
    GLib.MainLoop().run()


if __name__ == "__main__":
    main()

"""Where the program goes besides the relay: what is recorded of it, what is sealed, what each site
sent, and the stations that get it.
"""

import logging
from collections.abc import Callable, Iterable
from typing import Any

from pydantic import TypeAdapter, ValidationError

from broadcast.outputs import shelf
from broadcast.outputs.output import Fault, OutputStatus, Part
from broadcast.outputs.pushes import Pushers
from broadcast.outputs.segments import Order, Segments
from broadcast.outputs.sites import SiteRecordings, Wish
from broadcast.program import ProgramState, Take
from config.settings import Push, Settings
from streams.frames import EncodedFrame, Feed, Packet, SiteId

PUSHES = TypeAdapter(tuple[Push, ...])
STOPPED = {"disk_full", "disk_error"}
"""Faults with which nothing is recorded."""

log = logging.getLogger(__name__)


class Deliveries:
    """`parts` are threads of their own; nothing here waits for any of them."""

    def __init__(
        self,
        settings: Settings,
        clock_set_s: Callable[[], int],
        ask_keyframe: Callable[[SiteId], None],
    ) -> None:
        storage, program, recording = settings.storage, settings.program, settings.recording
        self._segments = Segments(
            storage.data_dir / "archive", program, recording, clock_set_s=clock_set_s
        )
        self._sealed = Segments(
            shelf.sealed_root(storage),
            program,
            recording,
            shelf=shelf.sealed(storage, recording),
            clock_set_s=clock_set_s,
        )
        self._seals = recording.closed
        self._sites = SiteRecordings(storage.data_dir / "sites", recording, ask_keyframe)
        self._pushers = Pushers(program)

    @property
    def parts(self) -> tuple[Part, ...]:
        return (self._segments, self._sealed, self._pushers, self._sites)

    def seal(self, state: ProgramState) -> None:
        """Before the room closes, so that it is kept from the first picture on; and when nothing
        of it comes any more."""
        self._sealed.follow(Order(state.stream, state.sealed and self._seals, state.finished))

    def follow(self, state: ProgramState) -> None:
        order = Order(state.stream, state.recording, state.finished, state.languages)
        self._segments.follow(order)
        public = state.recording and state.public is Take.ROOM
        booths = (booth.site for booth in state.booths if booth.open)
        heard = state.open_microphones.union(booths)
        self._sites.follow(Wish(state.stream if public else "", heard))

    def push(self, told: object) -> None:
        """To these stations from now on."""
        try:
            self._pushers.follow(PUSHES.validate_python(told))
        except ValidationError:
            log.error("destinations that cannot be followed")

    def offer(self, packets: Iterable[Packet]) -> None:
        """From the threads that make them."""
        for packet in packets:
            self._segments.offer(packet)
            self._sealed.offer(packet)
            if not packet.rendition and Feed.language_of(packet.feed) is None:
                self._pushers.offer(packet)

    def offer_frame(self, frame: EncodedFrame) -> None:
        """As a site sent it."""
        self._sites.offer(frame)

    def gone(self, site: SiteId) -> None:
        self._sites.gone(site)

    def news(self) -> tuple[object, ...]:
        """What is told as soon as it changes."""
        status = self._segments.status()
        return status.recording, status.faults, self._sealed.status().recording

    def status(self) -> dict[str, Any]:
        """As the relay reads it (`web.statuses`)."""
        status = self._segments.status()
        return {
            "recording": status.recording,
            "sealing": self._sealed.status().recording,
            "recorded_s": status.recorded_s,
            "recorded_bytes": status.recorded_bytes,
            "disk_free_bytes": status.disk_free_bytes,
            "pushes": self._pushers.status(),
            "faults": [{"code": f.code, "detail": f.detail} for f in self._faults(status)],
        }

    @property
    def dropped(self) -> dict[str, int]:
        """Packets of the program and frames of the sites that were not recorded."""
        return {"recording": self._segments.status().dropped, "sites": self._sites.dropped}

    def _faults(self, status: OutputStatus) -> tuple[Fault, ...]:
        sealed = self._sealed.status().faults
        gaps = (fault for fault in sealed if fault.code == "recording_gaps")
        stopped = (Fault("not_sealed", fault.detail) for fault in sealed if fault.code in STOPPED)
        return (*status.faults, *self._sites.faults(), *gaps, *stopped)

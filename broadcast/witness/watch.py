"""One recording under watch, from when it was told of. Time is an argument (any steady clock)."""

import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from broadcast.interpreters import Language
from broadcast.outputs.renditions import folder_in
from broadcast.witness.memory import Likeness, Memory
from broadcast.witness.reader import Reader, UnreadableError
from broadcast.witness.served import ALL_WELL, Served

SERVED_S = 3.0
"""How often the public's way to the recording is tried."""
AGAIN_S = 1.0
"""The same after it failed: once may be a hiccup, and twice is none."""

Try = Callable[[], Served]

log = logging.getLogger(__name__)


class _Spoken:
    """The sound in one language. What is wrong with it is no fault of the whole recording."""

    def __init__(self, folder: Path, language: Language) -> None:
        self.code, self._name = language.code, folder_in(language.code)
        self._reader = Reader(folder / self._name, sound_alone=True)
        self.memory, self.likeness = Memory(), Likeness()
        self.fault = ""

    def look(self) -> None:
        try:
            while (chunk := self._reader.look()) is not None:
                self.memory.note(chunk)
                self.likeness.note(spoken=chunk.sounds)
                self.fault = ""
        except (OSError, UnreadableError) as error:
            self.fault = f"{self._name}: {error}"


class Watch:
    """`ask` tries to get the recording as the public would. Reads the disk, and writes nothing."""

    def __init__(
        self,
        archive: Path,
        stream: str,
        ask: Try,
        now_s: float,
        languages: Sequence[Language] = (),
    ) -> None:
        self.stream, self.languages = stream, languages
        self._folder, self._ask = archive / stream, ask
        self._reader = Reader(self._folder)
        self._memory = Memory()
        self._spoken = [_Spoken(self._folder, one) for one in languages]
        self._grew_at_s = now_s
        self._ask_at_s = now_s + SERVED_S
        self._fault = ""
        self._served = ALL_WELL

    def look(self, now_s: float) -> None:
        """At what was added since; now and then, at what is served."""
        try:
            while (chunk := self._reader.look()) is not None:
                self._memory.note(chunk)
                for spoken in self._spoken:
                    spoken.likeness.note(room=chunk.sounds)
                self._grew_at_s = now_s
                self._fault = ""
            for spoken in self._spoken:
                spoken.look()
            if now_s >= self._ask_at_s and self._folder.exists():
                self._served = self._ask()
                self._ask_at_s = now_s + (SERVED_S if self._served == ALL_WELL else AGAIN_S)
        except (OSError, UnreadableError) as error:
            if not self._fault:
                log.error("the recording cannot be read: %s", error)
            self._fault = str(error)

    def statement(self, now_s: float) -> dict[str, Any]:
        """What was seen, as the relay reads it (`web.statuses.Witness`)."""
        memory = self._memory
        return {
            "grew_s": round(now_s - self._grew_at_s, 1),
            "still_s": round(memory.still_s, 1),
            "black_s": round(memory.black_s, 1),
            "silent_s": round(memory.silent_s, 1),
            "languages": {one.code: round(one.memory.silent_s, 1) for one in self._spoken},
            "alike": {one.code: round(one.likeness.alike_s, 1) for one in self._spoken},
            "apart_ms": round(memory.apart_ms),
            "width": memory.size[0],
            "height": memory.size[1],
            "unreadable": self._fault,
            "unserved": self._served.unserved,
            "rendition": next((one.fault for one in self._spoken if one.fault), "")
            or self._served.rendition,
        }

"""Opens a file as the player would and measures how loud it is, in a process of its own that takes
what the machine has left over:

python -m broadcast.studio.measuring FILE
"""

import os
import resource
import sys
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

import numpy as np

from broadcast.studio.clock import BLOCK_SAMPLES
from broadcast.studio.encoders import Samples
from broadcast.studio.loudness import (
    RELATIVE_GATE_LU,
    SILENT_LUFS,
    TARGET_LUFS,
    k_energies,
    lufs,
)
from broadcast.studio.measured import Measured, keep
from broadcast.studio.mixer import CEILING
from broadcast.studio.reels import FORMATS, Film, UnplayableError
from broadcast.studio.slides import Slides

LEAST_DB, MOST_DB = -30.0, 12.0
"""What is softer than -35 LUFS was meant to be, or has nothing but noise in it."""
MOMENT_BLOCKS, STEP_BLOCKS = 20, 5
"""BS.1770: moments of 400 ms, a quarter of one apart."""
PIECE_BLOCKS = 500
LOOKED_AT = (640, 360)
MEMORY_BYTES = 2 << 30
CPU_S = 900


def measure(path: Path) -> Measured:
    """Reads it whole; of slides the first one. Raises `OSError`."""
    stat, loudness, peak, fault = path.stat(), SILENT_LUFS, 0.0, ""
    try:
        if path.suffix.lower() in FORMATS:
            with closing(Film(path)) as film:
                loudness, peak = integrated(film.sounds())
                if film.has_pictures and not _has_one(film):
                    fault = "unreadable"
        else:
            with closing(Slides(path, LOOKED_AT)) as slides:
                slides.page(1)
    except UnplayableError as error:
        fault = str(error)
    heard = round(loudness, 1) if loudness > SILENT_LUFS else None
    return Measured(stat.st_size, stat.st_mtime_ns, heard, gain_db(heard, peak), fault)


def _has_one(film: Film) -> bool:
    """Whether a picture of it can be seen: of what was bought, and is enciphered, none can."""
    return any(piece.picture is not None for piece in film.from_(0))


def gain_db(loudness: float | None, peak: float) -> float:
    """To the program's loudness; upwards only as far as the limiter has nothing to do."""
    if loudness is None:
        return 0.0
    gain = min(MOST_DB, max(LEAST_DB, TARGET_LUFS - loudness))
    room = 20 * float(np.log10(CEILING / max(peak, 1e-6)))
    return round(gain if gain < 0 else min(gain, max(0.0, room)), 1)


def integrated(sounds: Iterable[Samples]) -> tuple[float, float]:
    """Loudness in LUFS by BS.1770 with both its gates, and the loudest sample."""
    energies: list[Samples] = []
    peak = 0.0
    rest: Samples = np.zeros((2, 0), np.float32)
    for sound in sounds:
        peak = max(peak, float(np.abs(sound).max(initial=0.0)))
        rest = np.concatenate((rest, sound), axis=1)
        if rest.shape[1] >= PIECE_BLOCKS * BLOCK_SAMPLES:
            energies.append(k_energies(_blocks(rest)))
            rest = rest[:, rest.shape[1] // BLOCK_SAMPLES * BLOCK_SAMPLES :]
    energies.append(k_energies(_blocks(rest)))
    return _gated(np.concatenate(energies)), peak


def _blocks(sound: Samples) -> Samples:
    """The whole blocks in it: (n, 2, 960)."""
    count = sound.shape[1] // BLOCK_SAMPLES
    whole = sound[:, : count * BLOCK_SAMPLES].reshape(2, count, BLOCK_SAMPLES)
    blocks: Samples = np.ascontiguousarray(whole.transpose(1, 0, 2))
    return blocks


def _gated(energies: Samples) -> float:
    if energies.size < MOMENT_BLOCKS:
        return lufs(float(energies.mean())) if energies.size else SILENT_LUFS
    moments = np.lib.stride_tricks.sliding_window_view(energies, MOMENT_BLOCKS)[::STEP_BLOCKS]
    heard = [moment for moment in moments.mean(axis=1).tolist() if lufs(moment) > SILENT_LUFS]
    if not heard:
        return SILENT_LUFS
    gate = lufs(sum(heard) / len(heard)) - RELATIVE_GATE_LU
    loud = [moment for moment in heard if lufs(moment) > gate]
    return lufs(sum(loud) / len(loud))


def main() -> None:
    """Measures one file, and keeps what it found."""
    os.nice(19)
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    path = Path(sys.argv[1])
    keep(path, measure(path))


if __name__ == "__main__":
    main()

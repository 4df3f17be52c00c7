"""What can be found in a recording: its items, who spoke, what captions say. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from broadcast.archive.chapters import Chapter, seconds_of
from broadcast.archive.walls import Segment
from broadcast.session.model import SessionState
from broadcast.session.vietnamese import has_all, name_key, searchable

MAX_FOUND = 40
"""Of one session; more words find less."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where something is, in seconds of the recording."""

    start_s: float
    kind: Literal["item", "turn", "caption"]
    title: str
    subtitle: str
    text: str
    """What a search looks at (`searchable`)."""


@dataclass(frozen=True, slots=True)
class Contents:
    """A recording in the list: what it can be chosen by."""

    kinds: tuple[str, ...]
    delegates: tuple[str, ...]
    """Who spoke in public, by given name."""
    sites: tuple[str, ...]
    """From where, in the order of the session."""
    places: tuple[Place, ...]


def contents_of(
    state: SessionState, chapters: Sequence[Chapter], segments: Sequence[Segment]
) -> Contents:
    """Of what was public; nothing of a closed item."""
    items = {chapter.title for chapter in chapters if chapter.kind == "item"}
    speakers = {chapter.title for chapter in chapters if chapter.kind == "turn"}
    sites = {chapter.site for chapter in chapters if chapter.kind == "turn"}
    return Contents(
        kinds=tuple(sorted({item.kind.value for item in state.agenda if item.title in items})),
        delegates=tuple(sorted(speakers, key=name_key)),
        sites=tuple(site.name for site in state.sites.values() if site.name in sites),
        places=(*_chapter_places(chapters), *_caption_places(state, segments)),
    )


def _chapter_places(chapters: Iterable[Chapter]) -> Iterable[Place]:
    for one in chapters:
        text = searchable(f"{one.title} {one.subtitle}")
        yield Place(one.start_s, one.kind, one.title, one.subtitle, text)


def _caption_places(state: SessionState, segments: Sequence[Segment]) -> Iterable[Place]:
    """What was typed in public of what was said behind closed doors is none: its words stand where
    the recording has a hole."""
    said = [one for one in state.written.captions.values() if one.public and one.text]
    starts = seconds_of(
        [one.typed_at_ms - one.typing_ms for one in said], segments, state.clock_sets
    )
    for start_s, one in zip(starts, said, strict=True):
        if start_s is not None:
            yield Place(start_s, "caption", one.text, "", searchable(one.text))


def find(wanted: str, places: Iterable[Place]) -> tuple[Place, ...]:
    """Those that have all words of `wanted` (`searchable`), earliest first."""
    found = sorted((one for one in places if has_all(wanted, one.text)), key=lambda p: p.start_s)
    return tuple(found[:MAX_FOUND])

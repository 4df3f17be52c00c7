"""Interpreters' booths. Nobody speaks in the session from there: who sits in one has no delegates
beside him, and his microphone is heard by those alone who choose the language.

Which languages there are is known when the session begins: each is recorded from its first moment
to its last, and a player is told of all at once. Who interprets may change at any time.
"""

from collections.abc import Mapping, Set
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, ConfigDict, StringConstraints

from broadcast.interpreters import LANGUAGE_CODE, ORIGINAL, Language
from broadcast.session.content_events import BoothSet
from broadcast.session.events import Events
from broadcast.session.model import Phase, SessionState, SiteKind
from broadcast.session.rules.command import PaperCommand
from broadcast.session.rules.content import require_empty_site, require_unused_site
from broadcast.session.rules.lookup import site_of
from broadcast.session.rules.registry import OPEN, OPERATING, Act, Refusal, rule
from broadcast.session.text import Name, SiteName
from streams.frames import SiteId

MAX_LANGUAGES = 8
"""Each is mixed, encoded and recorded beside the room's sound."""

Code = Annotated[
    str,
    AfterValidator(str.lower),
    StringConstraints(pattern=rf"\A{LANGUAGE_CODE}\z"),
]


def _quotable(name: str) -> str:
    if '"' in name:
        raise ValueError("contains a quotation mark, which no name of a language does")
    return name


@dataclass(frozen=True, slots=True, kw_only=True)
class LanguageWish:
    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")
    code: Code
    name: Annotated[Name, AfterValidator(_quotable)]


@dataclass(frozen=True, slots=True, kw_only=True)
class SetBooth(PaperCommand):
    """Makes a site an interpreter's booth for a language (BCP 47 code, and name as listeners choose
    it); without one, a site like the others again. New languages come before the session begins."""

    type: Literal["set_booth"] = "set_booth"
    site: SiteName
    language: LanguageWish | None = None


@rule(SetBooth, OPERATING, OPEN)
def set_booth(state: SessionState, command: SetBooth, act: Act) -> Events:
    site, wish = site_of(state, command.site), command.language
    language = Language(wish.code, wish.name) if wish is not None else None
    if language == site.booth:
        return ()
    if site.kind is SiteKind.HALL:
        raise Refusal("hall_no_booth")
    if site.id in state.open_microphones:
        raise Refusal("booth_is_open", name=site.name)
    if site.booth is None:
        require_empty_site(state, site)
        require_unused_site(state, site)
    booths = {**state.booths, site.id: language}
    require_languages(state, {id_: one for id_, one in booths.items() if one is not None})
    return (BoothSet(at_ms=act.at_ms, site=site.id, language=language),)


def require_languages(state: SessionState, booths: Mapping[SiteId, Language]) -> None:
    """Once the session is on, those that it began with. Raises `Refusal`."""
    languages = set(booths.values())
    require_choosable(languages)
    if state.phase is not Phase.PREPARED and languages != set(state.booths.values()):
        raise Refusal("languages_are_set")


def require_choosable(languages: Set[Language]) -> None:
    """Not too many, one name for each, and each its own: listeners choose by it (HLS allows no
    other, RFC 8216, 4.3.4.1.1), and the room as it is has one too. Raises `Refusal`."""
    codes = {language.code for language in languages}
    names = {language.name.casefold() for language in (*languages, ORIGINAL)}
    if len(codes) < len(languages):
        raise Refusal("language_two_names")
    if len(names) <= len(languages):
        raise Refusal("language_name_taken")
    if len(codes) > MAX_LANGUAGES:
        raise Refusal("list_full", most=MAX_LANGUAGES)

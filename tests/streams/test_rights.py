"""Who gets what of the program."""

from dataclasses import replace

import pytest

from streams.downlink.viewer import Audience
from streams.frames import Codec, EncodedFrame, Feed, Packet, SiteId, screen_of
from streams.rights import Rights

PUBLIC, STAFF = Audience(room=False), Audience(room=True)
HALL, LEFT = (Audience(room=True, site=SiteId(name)) for name in ("hall", "muong-lay"))
EVERYBODY = (PUBLIC, STAFF, HALL, LEFT)


def picture(feed: str, *, public: bool) -> Packet:
    return Packet(feed, Codec.H264, 0, True, public, b"")


def sound(feed: str) -> Packet:
    return Packet(feed, Codec.OPUS, 0, True, True, b"")


@pytest.mark.parametrize(
    ("take_room", "packet", "public", "room"),
    [
        (True, picture(Feed.ROOM, public=True), True, True),
        (True, picture(Feed.ROOM, public=False), False, True),
        (True, picture(Feed.PUBLIC, public=True), False, False),
        (True, sound(Feed.minus(SiteId("hall"))), False, False),
        (True, sound(Feed.ROOM), False, True),
        (True, sound(Feed.in_pairs(Feed.ROOM)), True, False),
        (True, sound(Feed.in_pairs(Feed.PUBLIC)), False, False),
        (False, picture(Feed.ROOM, public=True), False, True),
        (False, sound(Feed.in_pairs(Feed.ROOM)), False, False),
        (False, sound(Feed.in_pairs(Feed.PUBLIC)), True, False),
        (False, picture(Feed.ROOM, public=False), False, True),
        (False, picture(Feed.PUBLIC, public=True), True, False),
        (False, sound(Feed.minus(SiteId("hall"))), False, False),
    ],
)
def test_the_public_gets_what_is_marked_and_only_while_it_may(
    *, take_room: bool, packet: Packet, public: bool, room: bool
) -> None:
    """Also of packets that were on their way while the room closed or opened again."""
    rights = Rights(take_room=take_room)
    assert rights.may_have(PUBLIC, packet) is public
    assert rights.may_have(STAFF, packet) is room
    assert rights.all_may_have(packet) == (public, room)


@pytest.mark.parametrize(
    "rights",
    [
        Rights(open_microphones=frozenset({SiteId("muong-lay")})),
        Rights(voiced={SiteId("muong-lay")}),
    ],
    ids=["open", "talked to"],
)
def test_such_a_site_gets_its_own_sound_and_all_others_the_rooms(rights: Rights) -> None:
    packets = sound(Feed.ROOM), sound(Feed.minus(SiteId("muong-lay")))
    shown = picture(Feed.ROOM, public=True)
    for one in (STAFF, HALL):
        assert [rights.may_have(one, p) for p in (*packets, shown)] == [True, False, True]
    assert [rights.may_have(LEFT, p) for p in (*packets, shown)] == [False, True, True]


CABIN, CODE = SiteId("cabin"), "hmn"
SPOKEN, SPOKEN_OUTSIDE = Feed.language(CODE), Feed.in_pairs(Feed.language(CODE))


def choose(audience: Audience) -> Audience:
    return replace(audience, language=CODE)


def heard(rights: Rights, audience: Audience) -> list[str]:
    """Of all feeds of sound, those that he may have."""
    own = (Feed.minus(SiteId("muong-lay"), code) for code in ("", CODE))
    inside = (Feed.ROOM, SPOKEN, *own)
    outside = (Feed.in_pairs(Feed.ROOM), Feed.in_pairs(Feed.PUBLIC), SPOKEN_OUTSIDE)
    feeds = (*inside, *outside)
    found = [feed for feed in feeds if rights.may_have(audience, sound(feed))]
    assert set(found) <= set(rights.sounds(audience))
    return found


def test_who_chose_a_language_hears_it_and_nobody_hears_himself() -> None:
    rights = Rights(take_room=True, booths={CABIN: CODE})
    assert heard(rights, LEFT) == heard(rights, STAFF) == [Feed.ROOM]
    assert heard(rights, choose(LEFT)) == heard(rights, choose(STAFF)) == [SPOKEN]
    assert heard(rights, choose(PUBLIC)) == [SPOKEN_OUTSIDE]
    assert heard(rights, replace(LEFT, language="km")) == [Feed.ROOM], "nobody interprets into it"
    booth = Audience(room=True, site=CABIN, language=CODE)
    assert heard(rights, booth) == [Feed.ROOM]
    rights.open_microphones = frozenset({SiteId("muong-lay")})
    assert heard(rights, choose(LEFT)) == [Feed.minus(SiteId("muong-lay"), CODE)]
    assert rights.may_have(choose(LEFT), picture(Feed.ROOM, public=True))


def test_a_language_of_a_closed_room_is_for_who_is_in_it() -> None:
    rights = Rights(booths={CABIN: CODE}, put_out=frozenset({SiteId("hall")}))
    assert heard(rights, choose(LEFT)) == [SPOKEN]
    assert heard(rights, choose(HALL)) == []
    assert heard(rights, choose(PUBLIC)) == [Feed.in_pairs(Feed.PUBLIC)]
    assert rights.all_may_have(sound(SPOKEN_OUTSIDE)) == (False, False)
    unmarked = replace(sound(SPOKEN_OUTSIDE), public=False)
    rights.take_room = True
    assert not rights.may_have(choose(PUBLIC), unmarked)
    assert rights.all_may_have(unmarked) == (False, False)


def test_who_was_put_out_gets_nothing() -> None:
    rights = Rights(take_room=True, put_out=frozenset({SiteId("muong-lay")}))
    for packet, public, room in (
        (picture(Feed.ROOM, public=True), True, True),
        (sound(Feed.ROOM), False, True),
        (sound(Feed.in_pairs(Feed.ROOM)), True, False),
    ):
        assert [rights.may_have(one, packet) for one in EVERYBODY] == [public, room, room, False]


LAY = SiteId("muong-lay")


def frame(source: SiteId, codec: Codec) -> EncodedFrame:
    return EncodedFrame(source, codec, 0, None, 0, True, b"")


@pytest.mark.parametrize(
    ("rights", "camera", "sound", "screen"),
    [
        (Rights(), True, True, False),
        (Rights(sharing=frozenset({LAY})), True, True, True),
        (Rights(sharing=frozenset({SiteId("hall")})), True, True, False),
        (Rights(sharing=frozenset({LAY}), put_out=frozenset({LAY})), False, False, False),
    ],
)
def test_what_is_taken_of_a_site(
    *, rights: Rights, camera: bool, sound: bool, screen: bool
) -> None:
    """Of its screen the picture, while it shares; never a sound beside its microphone."""
    assert rights.may_send(frame(LAY, Codec.H264)) is camera
    assert rights.may_send(frame(LAY, Codec.OPUS)) is sound
    assert rights.may_send(frame(screen_of(LAY), Codec.H264)) is screen
    assert not rights.may_send(frame(screen_of(LAY), Codec.OPUS))

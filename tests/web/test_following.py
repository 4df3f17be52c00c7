"""What is worked out of a state is kept for the next one, where it is made of the same parts."""

from typing import Any

from broadcast.session.commands import parse_command
from broadcast.session.decide import Act, decide
from broadcast.session.evolve import fold
from broadcast.session.model import Role, SessionState
from broadcast.session.procedure import load_procedure
from tests import day
from web.following import Known, Memory

RULES = load_procedure()
START = fold(day.prepared("x", 0))


def done(state: SessionState, number: int, wish: dict[str, Any]) -> SessionState:
    act = Act(number * 1000, Role.OPERATOR, "x", None, f"id-{number}")
    return fold(decide(state, parse_command(wish), act, RULES), state)


def named(state: SessionState, said: Any) -> Any:
    """Its id, where it was given one meanwhile."""
    match said:
        case "the first turn":
            return state.turns[0].id
        case "who has the floor":
            return state.turns[-1].request
        case "a promise":
            return next(iter(state.promises))
        case "a note":
            return next(iter(state.written.notes))
    return said


def told(known: Known) -> tuple[Any, ...]:
    return known.followed, known.turns, known.notes, known.messages, known.speaking.may_ask


def test_it_is_always_as_if_nothing_had_been_kept() -> None:
    state, memory = done(START, 1, {"type": "go_live"}), Memory(RULES)
    wishes = [*day.turn(0), *day.turn(1), *day.turn(2)]
    wishes += [
        {"type": "correct_turn", "turn": "the first turn", "delegate": "dai-bieu-9", "reason": "x"},
        {"type": "correct_name", "delegate": "dai-bieu-0", "name": "Lò Thị Mai"},
        {"type": "settle_promise", "promise": "a promise", "kept": True},
        {"type": "drop_promise", "promise": "a promise"},
        {"type": "strike_note", "note": "a note"},
        {"type": "register", "delegate": "dai-bieu-7", "kind": "speech"},
        {"type": "call_next"},
        {"type": "mark_absent", "request": "who has the floor"},
        {"type": "move_item", "item": day.AGENDA[3].id, "before": None},
        {"type": "put_delegate", "name": "Vừ A Súa", "group": "Tổ 1", "site": day.SITES[5].id},
    ]
    for number, wish in enumerate(wishes, 2):
        state = done(state, number, {key: named(state, said) for key, said in wish.items()})
        assert told(memory.of(state)) == told(Known(state, RULES)), wish


def test_a_caption_a_cut_and_a_message_cost_nothing_of_what_was_said_before() -> None:
    state, memory = done(START, 1, {"type": "go_live"}), Memory(RULES)
    for number, wish in enumerate([*day.turn(0), *day.turn(1)], 2):
        state = done(state, number, wish)
    before = memory.of(state)
    looked_back, turns = before.followed, before.turns
    cut = {"type": "cut", "scene": {"layout": "full", "sources": [day.HALL]}}
    caption = {"type": "type_caption", "text": "Xin mời", "typing_ms": 1000}
    message = {"type": "send_message", "text": "Nghe rõ không?"}
    for number, wish in enumerate((cut, caption, message), 200):
        state = done(state, number, wish)
    after = memory.of(state)
    assert after.followed is looked_back
    assert after.turns is turns
    assert len(after.messages[1]) == 1

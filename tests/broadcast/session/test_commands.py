"""The border: what is a command, who may give it, and that the page of prose says the same."""

import re
from pathlib import Path
from typing import Any

import pytest

from broadcast.layout import Layout
from broadcast.session.commands import (
    COMMANDS,
    CallNext,
    CommandError,
    Cut,
    ExtendTurn,
    SceneWish,
    dump_command,
    may,
    parse_command,
)
from broadcast.session.model import Role
from broadcast.session.rules.registry import RULES
from tests.broadcast.session.hearing import Hearing

PROTOCOL = Path(__file__).parents[3] / "web" / "PROTOCOL.md"


def protocol_roles() -> dict[str, set[str]]:
    """Commands and their roles as the protocol's table has them."""
    prose = PROTOCOL.read_text("utf-8")
    section = prose[prose.index("## Commands") : prose.index("## The live WebSocket")]
    table: dict[str, set[str]] = {}
    for row in re.findall(r"^\| (`.*) \|$", section, re.MULTILINE):
        cells = [cell.strip() for cell in row.split(" | ")]
        roles = {role.value for role in Role if re.search(rf"\b{role}\b", cells[-1])}
        for command in re.findall(r"`(\w+)`", cells[0]):
            table[command] = roles
    return table


def test_the_protocol_lists_the_commands_and_their_roles() -> None:
    ours = {
        name: {role.value for role in RULES[command].roles - {Role.SYSTEM}}
        for name, command in COMMANDS.items()
    }
    assert ours == protocol_roles()


def test_every_command_has_a_rule_and_help() -> None:
    assert set(RULES) == set(COMMANDS.values())
    assert all(command.__doc__ for command in COMMANDS.values())


def test_the_system_may_do_everything_a_viewer_nothing() -> None:
    assert may(Role.SYSTEM) == set(COMMANDS)
    assert may(Role.VIEWER) == frozenset()
    asking = {"register", "withdraw", "send_message"}
    assert may(Role.SITE) == asking | {"share_screen", "stop_screen"}


@pytest.mark.parametrize("role", [Role.VIEWER, Role.CLERK, Role.SITE])
def test_who_may_not_is_refused(role: Role) -> None:
    assert Hearing().refused(CallNext(), role) == "role_may_not"


def test_the_chair_does_not_cut() -> None:
    assert Hearing().refused(Cut(), Role.CHAIR) == "role_may_not"


def test_from_json_and_back() -> None:
    scene = {"layout": "side-by-side", "sources": ["hall", "muong-nhe"]}
    wish = {"type": "cut", "scene": scene}
    command = parse_command(wish)
    assert command == Cut(
        scene=SceneWish(layout=Layout.SIDE_BY_SIDE, sources=("hall", "muong-nhe"))
    )
    inset = {"corner": "top-right", "share": 0.27}
    whole = {"type": "cut", "scene": {**scene, "inset": inset}, "transition": None}
    assert dump_command(command) == whole
    assert parse_command(whole) == command
    assert parse_command({"type": "cut"}) == Cut()
    assert parse_command({"type": "extend_turn", "by_ms": -500}) == ExtendTurn(by_ms=-500)


@pytest.mark.parametrize(
    ("wish", "field"),
    [
        ({}, "type"),
        ({"type": "dance"}, "type"),
        ({"type": ["call"]}, "type"),
        ({"type": "call"}, "request"),
        ({"type": "call", "request": 7}, "request"),
        ({"type": "call", "request": "a" * 65}, "request"),
        ({"type": "call", "request": "../../etc/passwd"}, "request"),
        ({"type": "call", "request": "id\n"}, "request"),
        ({"type": "end_turn", "force": True}, "force"),
        ({"type": "extend_turn", "by_ms": "60000"}, "by_ms"),
        ({"type": "extend_turn", "by_ms": 1.5}, "by_ms"),
        ({"type": "extend_turn", "by_ms": 10**12}, "by_ms"),
        ({"type": "extend_turn", "by_ms": True}, "by_ms"),
        ({"type": "call_round", "size": 0}, "size"),
        ({"type": "set_item_closed", "item": "a", "closed": "no"}, "closed"),
        ({"type": "register", "delegate": "an", "kind": "song"}, "kind"),
        ({"type": "reorder", "request": "a"}, "before"),
        ({"type": "cut", "scene": {"layout": "round"}}, "scene.layout"),
        ({"type": "cut", "scene": {"layout": "full", "sources": ["HALL"]}}, "scene.sources.0"),
        ({"type": "cut", "scene": {"layout": "grid-9", "sources": ["a"] * 10}}, "scene.sources"),
        ({"type": "cut", "transition": {"kind": "page-peel"}}, "transition.kind"),
        *(
            (
                {"type": "cut", "transition": {"kind": "wipe", "duration_ms": wrong_ms}},
                "transition.duration_ms",
            )
            for wrong_ms in (199, 1001)
        ),
        (
            {"type": "cut", "scene": {"layout": "full", "inset": {"share": 0.9}}},
            "scene.inset.share",
        ),
        ({"type": "show_overlay", "name": "ticker", "visible": True}, "name"),
        ([], ""),
        (None, ""),
        ("end_turn", ""),
        (7, ""),
    ],
)
def test_what_is_no_command_says_where_and_why(wish: Any, field: str) -> None:
    with pytest.raises(CommandError) as caught:
        parse_command(wish)
    assert caught.value.field == field
    assert caught.value.rule

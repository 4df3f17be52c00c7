"""All commands, and how one is read from JSON. Each stands with its rule in `rules/`."""

from typing import Annotated, Any, get_args

from pydantic import Field, TypeAdapter, ValidationError

from broadcast.session.model import Role
from broadcast.session.rules.agenda import ChooseItem, SetItemClosed
from broadcast.session.rules.booths import SetBooth
from broadcast.session.rules.chair import SetLimit, Undo
from broadcast.session.rules.chat import SendMessage
from broadcast.session.rules.content import (
    DescribeSession,
    MoveItem,
    PutDelegate,
    PutItem,
    PutSite,
    RemoveDelegate,
    RemoveItem,
    RemoveSite,
)
from broadcast.session.rules.documents import (
    AddDocument,
    RemoveDocument,
    RenewLink,
    ShowDocument,
)
from broadcast.session.rules.importing import ImportRows
from broadcast.session.rules.phases import (
    CancelSession,
    EndSession,
    GoLive,
    PauseSession,
    ResumeSession,
)
from broadcast.session.rules.picture import (
    CloseMicrophone,
    Cut,
    MuteAll,
    OpenMicrophone,
    SceneWish,
    SetNoiseSuppression,
    SetPreview,
    SetSigner,
    ShiftSound,
    ShowOverlay,
)
from broadcast.session.rules.player import (
    ClearPlayer,
    LoadCountdown,
    LoadPlayer,
    LoopPlayer,
    PausePlayer,
    SeekPlayer,
    SetPlayerSound,
    StartPlayer,
    StopPlayer,
    TurnPage,
)
from broadcast.session.rules.promises import DropPromise, NotePromise, SettlePromise
from broadcast.session.rules.registry import RULES
from broadcast.session.rules.rehearsal import AskSelfTest, BeginRehearsal, RecordCheck
from broadcast.session.rules.requests import MarkAbsent, Register, Reorder, Withdraw
from broadcast.session.rules.roll import MarkRoll
from broadcast.session.rules.screens import AllowScreen, ShareScreen, StopScreen
from broadcast.session.rules.secrecy import (
    ClosePart,
    ConfirmOpening,
    KeepClosed,
    RequestOpening,
)
from broadcast.session.rules.turns import (
    Call,
    CallNext,
    CallRound,
    EndTurn,
    ExtendTurn,
    GiveTurn,
    PauseClock,
    ResumeClock,
)
from broadcast.session.rules.writing import (
    CorrectCaption,
    CorrectName,
    CorrectTurn,
    StrikeNote,
    TypeCaption,
    WriteNote,
)

Command = (
    GoLive
    | PauseSession
    | ResumeSession
    | EndSession
    | ChooseItem
    | SetItemClosed
    | ClosePart
    | RequestOpening
    | ConfirmOpening
    | KeepClosed
    | Register
    | Withdraw
    | Reorder
    | CallNext
    | Call
    | CallRound
    | MarkAbsent
    | GiveTurn
    | EndTurn
    | PauseClock
    | ResumeClock
    | ExtendTurn
    | SetLimit
    | Undo
    | NotePromise
    | SettlePromise
    | DropPromise
    | Cut
    | SetPreview
    | OpenMicrophone
    | CloseMicrophone
    | MuteAll
    | SetNoiseSuppression
    | ShiftSound
    | AllowScreen
    | ShareScreen
    | StopScreen
    | ShowOverlay
    | SetSigner
    | DescribeSession
    | PutSite
    | SetBooth
    | RemoveSite
    | PutDelegate
    | RemoveDelegate
    | PutItem
    | RemoveItem
    | MoveItem
    | ImportRows
    | AddDocument
    | ShowDocument
    | RemoveDocument
    | RenewLink
    | CancelSession
    | BeginRehearsal
    | RecordCheck
    | AskSelfTest
    | WriteNote
    | StrikeNote
    | TypeCaption
    | CorrectCaption
    | CorrectTurn
    | CorrectName
    | MarkRoll
    | SendMessage
    | LoadPlayer
    | LoadCountdown
    | StartPlayer
    | PausePlayer
    | StopPlayer
    | SeekPlayer
    | TurnPage
    | LoopPlayer
    | SetPlayerSound
    | ClearPlayer
)

COMMAND_ADAPTER: TypeAdapter[Command] = TypeAdapter(Annotated[Command, Field(discriminator="type")])
COMMANDS: dict[str, type[Command]] = {
    command.__dataclass_fields__["type"].default: command for command in get_args(Command)
}
"""By their `type`, in the order of the protocol's table."""


class CommandError(Exception):
    """Not a command. `field` names what is wrong ("" for the whole), `rule` says the rule."""

    def __init__(self, field: str, rule: str) -> None:
        super().__init__(f"{field}: {rule}" if field else rule)
        self.field = field
        self.rule = rule


def parse_command(wish: Any) -> Command:
    """From a page's JSON. Raises `CommandError` with the first fault."""
    try:
        return COMMAND_ADAPTER.validate_python(wish)
    except ValidationError as error:
        fault = error.errors()[0]
        # The first part of a place is the union's tag, which the page knows as `type`.
        field = ".".join(str(part) for part in fault["loc"][1:]) or "type"
        raise CommandError(field if isinstance(wish, dict) else "", fault["msg"]) from None


def dump_command(command: Command) -> dict[str, Any]:
    """The reverse of `parse_command`."""
    dumped: dict[str, Any] = COMMAND_ADAPTER.dump_python(command, mode="json")
    return dumped


def may(role: Role) -> frozenset[str]:
    """The types of command that a role may give at all."""
    return frozenset(name for name, command in COMMANDS.items() if role in RULES[command].roles)


__all__ = [
    "COMMANDS",
    "COMMAND_ADAPTER",
    "AddDocument",
    "AllowScreen",
    "AskSelfTest",
    "BeginRehearsal",
    "Call",
    "CallNext",
    "CallRound",
    "CancelSession",
    "ChooseItem",
    "ClearPlayer",
    "CloseMicrophone",
    "ClosePart",
    "Command",
    "CommandError",
    "ConfirmOpening",
    "CorrectCaption",
    "CorrectName",
    "CorrectTurn",
    "Cut",
    "DescribeSession",
    "DropPromise",
    "EndSession",
    "EndTurn",
    "ExtendTurn",
    "GiveTurn",
    "GoLive",
    "ImportRows",
    "KeepClosed",
    "LoadCountdown",
    "LoadPlayer",
    "LoopPlayer",
    "MarkAbsent",
    "MarkRoll",
    "MoveItem",
    "MuteAll",
    "NotePromise",
    "OpenMicrophone",
    "PauseClock",
    "PausePlayer",
    "PauseSession",
    "PutDelegate",
    "PutItem",
    "PutSite",
    "RecordCheck",
    "Register",
    "RemoveDelegate",
    "RemoveDocument",
    "RemoveItem",
    "RemoveSite",
    "RenewLink",
    "Reorder",
    "RequestOpening",
    "ResumeClock",
    "ResumeSession",
    "SceneWish",
    "SeekPlayer",
    "SendMessage",
    "SetBooth",
    "SetItemClosed",
    "SetLimit",
    "SetNoiseSuppression",
    "SetPlayerSound",
    "SetPreview",
    "SetSigner",
    "SettlePromise",
    "ShareScreen",
    "ShiftSound",
    "ShowDocument",
    "ShowOverlay",
    "StartPlayer",
    "StopPlayer",
    "StopScreen",
    "StrikeNote",
    "TurnPage",
    "TypeCaption",
    "Undo",
    "Withdraw",
    "WriteNote",
    "dump_command",
    "may",
    "parse_command",
]

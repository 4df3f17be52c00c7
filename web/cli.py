"""The command line. Exit status: 0 done, 1 failed, 2 something a person must mend first."""

import argparse
import logging
import os
import shlex
import signal
import sys
from collections.abc import Sequence
from functools import partial
from importlib.metadata import version
from io import TextIOWrapper
from pathlib import Path
from typing import Any

from broadcast.database import StoreError
from broadcast.session.events import EventError
from broadcast.session.procedure import load_procedure
from broadcast.store import Store
from config.reading import load
from config.settings import ConfigError, Settings, at_home
from web import setup
from web.addresses import base_url, public_url
from web.administering import add_audit, add_session, add_user
from web.backup import backup, only_elsewhere
from web.catalogues import say
from web.forking import without_threads
from web.service import unit
from web.serving import serve, sole_owner
from web.setup import SetupError
from web.supervisor import EXIT_USER, Failed
from web.times import go_by

_REBUILT = ("state", "minutes", "overlays")


def parser() -> argparse.ArgumentParser:
    root = argparse.ArgumentParser(
        prog="diemcau", description="Broadcasts and directs the sessions of a People's Council."
    )
    root.add_argument("--version", action="version", version=f"diemcau {version('diemcau')}")
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--config", type=at_home, metavar="FILE", help="see config/default.toml")
    common.add_argument(
        "--data-dir", type=at_home, metavar="FOLDER", help="over [storage] data_dir"
    )
    of_session = argparse.ArgumentParser(add_help=False, parents=[common])
    of_session.add_argument("session", metavar="SESSION", help="its id: see `session list`")
    listening = argparse.ArgumentParser(add_help=False)
    for section, what in (("http", "HTTP"), ("https", "HTTPS"), ("media", "media (UDP)")):
        listening.add_argument(
            f"--{section}-port", type=_port, metavar="PORT", help=f"{what} port; 0 chooses one"
        )
    commands = root.add_subparsers(dest="command", required=True, metavar="COMMAND")
    server = commands.add_parser("serve", parents=[common, listening], help="the server")
    server.set_defaults(run=_serve)
    service = commands.add_parser(
        "service", parents=[common], help="prints the unit by which systemd keeps the server up"
    )
    service.set_defaults(run=_service)
    demo = commands.add_parser("demo", parents=[common, listening], help="a whole hearing, drawn")
    demo.add_argument("--json", action="store_true", help="print one line of JSON with all links")
    demo.add_argument("--auto", action="store_true", help="the hearing directs itself")
    demo.set_defaults(run=_demo)
    checks = commands.add_parser("check", parents=[common], help="is this machine ready?")
    checks.set_defaults(run=_check)
    proof = commands.add_parser(
        "verify", parents=[common], help="is a recording whole and unaltered?"
    )
    proof.add_argument("recording", help="a session's id, or the folder of a recording")
    proof.add_argument("--seal", default="", help="what `verify` said of it earlier")
    proof.set_defaults(run=_verify)
    mends = commands.add_parser(
        "mend", parents=[of_session], help="makes damaged playlists anew from their segments"
    )
    mends.set_defaults(run=_mend)
    film = commands.add_parser("export", parents=[of_session], help="a recording as one MP4 file")
    film.add_argument("file", type=Path, help="is made; one that is there is left alone")
    for option, name, default in (("--from", "start", 0.0), ("--to", "end", None)):
        film.add_argument(
            option, type=float, default=default, dest=name, metavar="SECOND",
            help="of the recording; the segments that hold it are taken whole",
        )  # fmt: skip
    film.add_argument("--sealed", action="store_true", help="of what was closed")
    film.set_defaults(run=_export)
    _add_replay(commands, of_session)
    copy = commands.add_parser(
        "backup", parents=[common], help="copies all that is kept, while the server runs"
    )
    copy.add_argument("folder", type=Path, help="what lies there of the last time is kept")
    copy.set_defaults(run=_backup)
    move = commands.add_parser(
        "transfer", parents=[common], help="copies event log, accounts and audit to a new database"
    )
    move.add_argument("url", help="of an empty one, as database_url has it")
    move.set_defaults(run=_transfer)
    old = commands.add_parser(
        "retire", parents=[of_session], help="takes an old recording off the disk; its minutes stay"
    )
    old.add_argument(
        "--kept-in", type=at_home, required=True, metavar="FOLDER",
        help="a copy, as `backup` makes it: nothing is removed that is not whole there",
    )  # fmt: skip
    old.add_argument("--why", required=True, metavar="TEXT", help="the audit keeps it")
    old.set_defaults(run=_retire)
    add_audit(commands.add_parser("audit", help="who did what, when and from where"), common)
    add_user(commands.add_parser("user", help="who may sign in"), common)
    add_session(commands.add_parser("session", help="sessions and their links"), common, of_session)
    return root


def _add_replay(commands: Any, of_session: argparse.ArgumentParser) -> None:
    again = commands.add_parser(
        "replay", parents=[of_session], help="a session made anew from its event log alone"
    )
    again.add_argument(
        "what", nargs="?", choices=_REBUILT, default="state", metavar="WHAT",
        help=f"{', '.join(_REBUILT)}; as JSON",
    )  # fmt: skip
    again.add_argument("--at", default="", metavar="TIME", help="as of then: 2026-07-09T09:30:00")
    again.add_argument("--until", type=int, metavar="N", help="as of its first N events")
    again.set_defaults(run=_replay)


def _port(text: str) -> int:
    if not (text.isdecimal() and int(text) <= 65535):
        raise argparse.ArgumentTypeError("a port is a number from 0 to 65535")
    return int(text)


def settings_of(arguments: argparse.Namespace) -> Settings:
    """From the file, the environment and the command line, the last one counting most.

    Raises `ConfigError`.
    """
    settings = load(arguments.config, os.environ)
    updates: dict[str, object] = {}
    for section in ("http", "https", "media"):
        port = getattr(arguments, f"{section}_port", None)
        if port is not None:
            updates[section] = getattr(settings, section).model_copy(update={"port": port})
    data_dir = arguments.data_dir or settings.storage.data_dir
    updates["storage"] = settings.storage.model_copy(update={"data_dir": data_dir.absolute()})
    return settings.model_copy(update=updates)


def _serve(settings: Settings, arguments: argparse.Namespace) -> int:
    without_threads()
    load_procedure(settings.procedures)  # its faults are told before anything is started
    serve(settings, partial(_announce, arguments))
    return 0


def _announce(arguments: argparse.Namespace, settings: Settings) -> None:
    print(f"Diemcau: {base_url(settings)}/  {public_url(settings)}/", file=sys.stderr)
    with setup.open_store(settings) as store:
        nobody, nothing = not store.accounts(), not store.sessions()
    if nobody:
        add = f"diemcau user add NAME --role operator --admin{_folder(arguments)}"
        print(f"There is no account yet. Make one: {add}", file=sys.stderr)
    if nothing:
        print("There is no session yet: sign in, and press Tạo phiên họp", file=sys.stderr)


def _folder(arguments: argparse.Namespace) -> str:
    """The options by which another command finds the same data."""
    given = (("--config", arguments.config), ("--data-dir", arguments.data_dir))
    return "".join(f" {name} {shlex.quote(str(path))}" for name, path in given if path)


def _service(settings: Settings, arguments: argparse.Namespace) -> int:
    folder = settings.storage.data_dir
    if not folder.is_dir():
        raise SetupError(f"{folder} is not there yet: `diemcau user add` makes it, for who runs it")
    config = arguments.config and arguments.config.absolute()
    program = Path(sys.executable).with_name("diemcau")
    try:
        owner = folder.owner()
    except KeyError:  # one without a name, as containers have them
        owner = str(folder.stat().st_uid)
    print(unit(program, owner, config, folder), end="")
    return 0


def _demo(settings: Settings, arguments: argparse.Namespace) -> int:
    without_threads()
    from web.demo.main import run  # its drawing costs half a second that `serve` need not pay

    return run(settings, as_json=arguments.json, directed=arguments.auto)


def _check(settings: Settings, _arguments: argparse.Namespace) -> int:
    from web.check import findings as look  # it loads the codecs

    findings = list(look(settings))
    for finding in findings:
        print(f"{'ok  ' if finding.ok else 'FAIL'}  {finding.what}")
        if finding.advice:
            print(f"      {finding.advice}")
    return 0 if all(finding.ok for finding in findings) else 1


def _verify(settings: Settings, arguments: argparse.Namespace) -> int:
    from web.proof import prove

    return prove(settings, arguments.recording, arguments.seal)


def _mend(settings: Settings, arguments: argparse.Namespace) -> int:
    from web.mend import mend

    return mend(settings, arguments.session)


def _replay(settings: Settings, arguments: argparse.Namespace) -> int:
    from web.replay import replay

    given = arguments.session, arguments.what, arguments.at, arguments.until
    return replay(settings, *given)


def _export(settings: Settings, arguments: argparse.Namespace) -> int:
    from web.export import export

    span = arguments.start, arguments.end
    return export(settings, arguments.session, arguments.file, span, sealed=arguments.sealed)


def _backup(settings: Settings, arguments: argparse.Namespace) -> int:
    print(f"{arguments.folder}: {backup(settings, arguments.folder)} files were new or had changed")
    for session, gone in only_elsewhere(settings, arguments.folder):
        params = {"session": session, "kept_in": gone.kept_in}
        print(say(settings.language, "retire.not_copied", params), file=sys.stderr)
    if settings.storage.database_url:
        print("The database is not among them: pg_dump copies it, before this", file=sys.stderr)
    return 0


def _transfer(settings: Settings, arguments: argparse.Namespace) -> int:
    with (
        setup.kept_store(settings) as old,
        sole_owner(settings.storage.data_dir),
        Store(arguments.url) as new,
    ):
        rows = old.copy_to(new)
    print(f"{rows} rows were copied; now set `database_url` in [storage]")
    return 0


def _retire(settings: Settings, arguments: argparse.Namespace) -> int:
    from web.retire import run

    given = arguments.session, arguments.kept_in, arguments.why
    return run(settings, *given)


def main(argv: Sequence[str] | None = None) -> int:
    """`diemcau …`"""
    if isinstance(sys.stdout, TextIOWrapper):  # a terminal without our letters costs no command
        sys.stdout.reconfigure(errors="backslashreplace")
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname).1s %(name)s: %(message)s"
    )
    arguments = parser().parse_args(argv)
    try:
        settings = settings_of(arguments)
        go_by(settings.time_zone)
        status = int(arguments.run(settings, arguments))
        sys.stdout.flush()
    except BrokenPipeError:  # whoever reads, as `head` does, has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except KeyboardInterrupt:  # a shell that runs several must see that this was one's wish
        return 128 + signal.SIGINT
    except (ConfigError, SetupError) as error:
        print(f"diemcau: {error}", file=sys.stderr)
    except EventError as error:
        print(f"diemcau: {setup.unreadable(error)}", file=sys.stderr)
    except StoreError as error:
        print(f"diemcau: the database: {error}", file=sys.stderr)
    except Failed:
        pass  # the child has said why
    else:
        return status
    return EXIT_USER


if __name__ == "__main__":
    sys.exit(main())

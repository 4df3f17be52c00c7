"""The command line. Exit status: 0 done, 1 failed, 2 something a person must mend first."""

import argparse
import getpass
import logging
import os
import shlex
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from broadcast.database import StoreError
from broadcast.session.model import Role
from broadcast.session.procedure import load_procedure
from broadcast.store import Store
from config.reading import load
from config.settings import ConfigError, Settings
from web import setup
from web.accounts import hash_password
from web.addresses import base_url, public_url
from web.audit_proof import verdict_of, words
from web.backup import backup, only_elsewhere
from web.catalogues import say
from web.forking import without_threads
from web.service import unit
from web.serving import as_running, serve
from web.setup import SetupError
from web.supervisor import EXIT_USER, Failed
from web.times import local_time

_REBUILT = ("state", "minutes", "overlays")
ACCOUNT_ROLES = (Role.OPERATOR, Role.CHAIR, Role.CLERK, Role.VIEWER)


def parser() -> argparse.ArgumentParser:
    root = argparse.ArgumentParser(
        prog="diemcau", description="Broadcasts and directs the sessions of a People's Council."
    )
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--config", type=Path, metavar="FILE", help="see config/default.toml")
    common.add_argument("--data-dir", type=Path, metavar="FOLDER", help="over [storage] data_dir")
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
    old = commands.add_parser(
        "retire", parents=[of_session], help="takes an old recording off the disk; its minutes stay"
    )
    old.add_argument(
        "--kept-in", type=Path, required=True, metavar="FOLDER",
        help="a copy, as `backup` makes it: nothing is removed that is not whole there",
    )  # fmt: skip
    old.add_argument("--why", required=True, metavar="TEXT", help="the audit keeps it")
    old.set_defaults(run=_retire)
    _add_audit(commands.add_parser("audit", help="who did what, when and from where"), common)
    _add_user(commands.add_parser("user", help="who may sign in"), common)
    _add_session(
        commands.add_parser("session", help="sessions and their links"), common, of_session
    )
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


def _add_audit(audit: argparse.ArgumentParser, common: argparse.ArgumentParser) -> None:
    actions = audit.add_subparsers(dest="action", required=True, metavar="ACTION")
    shown = actions.add_parser("list", parents=[common], help="one line for each entry")
    shown.add_argument("--session", default="", help="of this session alone")
    shown.set_defaults(run=_audit_list)
    proof = actions.add_parser("verify", parents=[common], help="was nothing altered?")
    proof.add_argument("--seal", default="", help="what `audit verify` said earlier")
    proof.set_defaults(run=_audit_verify)


def _add_user(user: argparse.ArgumentParser, common: argparse.ArgumentParser) -> None:
    actions = user.add_subparsers(dest="action", required=True, metavar="ACTION")
    add = actions.add_parser("add", parents=[common], help="a new account, or a new password")
    add.add_argument("name", help="as it is typed at the sign-in")
    add.add_argument(
        "--role", action="append", required=True, choices=ACCOUNT_ROLES, metavar="ROLE",
        help="operator, chair, clerk or viewer; may be given more than once",
    )  # fmt: skip
    add.add_argument("--admin", action="store_true", help="may manage accounts on the page")
    add.add_argument("--password-stdin", action="store_true", help="read it from standard input")
    add.set_defaults(run=_user_add)
    listed = actions.add_parser("list", parents=[common], help="names, roles, and who is disabled")
    listed.set_defaults(run=_user_list)
    disable = actions.add_parser("disable", parents=[common], help="ends its sign-ins at once")
    disable.add_argument("name", help="see `user list`")
    disable.set_defaults(run=_user_disable)


def _add_session(
    session: argparse.ArgumentParser,
    common: argparse.ArgumentParser,
    of_session: argparse.ArgumentParser,
) -> None:
    actions = session.add_subparsers(dest="action", required=True, metavar="ACTION")
    create = actions.add_parser(
        "create", parents=[common], help="one of a council's preset; prints its links"
    )
    create.add_argument(
        "--preset", default="dien_bien", metavar="NAME",
        help="in config/presets, or a file of one's own; %(default)s without it",
    )  # fmt: skip
    create.add_argument("--title", default="", help="the preset's without it")
    create.add_argument("--subtitle", default="", help="place and date, as the slate shows them")
    create.set_defaults(run=_session_create)
    listed = actions.add_parser("list", parents=[common], help="ids, phases and titles")
    listed.set_defaults(run=_session_list)
    links = actions.add_parser("links", parents=[of_session], help="its links again")
    links.set_defaults(run=_session_links)
    revoke = actions.add_parser(
        "revoke", parents=[of_session], help="ends all links of a site or role"
    )
    revoke.add_argument("place", help="a site's id, or operator, chair, clerk")
    revoke.set_defaults(run=_session_revoke)


def _port(text: str) -> int:
    number = int(text)
    if not 0 <= number <= 65535:
        raise argparse.ArgumentTypeError("a port is a number from 0 to 65535")
    return number


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


def _serve(arguments: argparse.Namespace) -> int:
    without_threads()
    settings = settings_of(arguments)
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


def _service(arguments: argparse.Namespace) -> int:
    folder = settings_of(arguments).storage.data_dir
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


def _demo(arguments: argparse.Namespace) -> int:
    without_threads()
    from web.demo.main import run  # its drawing costs half a second that `serve` need not pay

    return run(settings_of(arguments), as_json=arguments.json, directed=arguments.auto)


def _check(arguments: argparse.Namespace) -> int:
    from web.check import findings as look  # it loads the codecs

    findings = list(look(settings_of(arguments)))
    for finding in findings:
        print(f"{'ok  ' if finding.ok else 'FAIL'}  {finding.what}")
        if finding.advice:
            print(f"      {finding.advice}")
    return 0 if all(finding.ok for finding in findings) else 1


def _verify(arguments: argparse.Namespace) -> int:
    from web.proof import prove

    return prove(settings_of(arguments), arguments.recording, arguments.seal)


def _replay(arguments: argparse.Namespace) -> int:
    from web.replay import replay

    given = arguments.session, arguments.what, arguments.at, arguments.until
    return replay(settings_of(arguments), *given)


def _audit_list(arguments: argparse.Namespace) -> int:
    with _store(arguments) as store:
        for entry in store.audit(session=arguments.session):
            note = entry.note
            at = local_time(note.at_ms)
            who = f"{note.who or '?'} ({note.role or note.where.means or '?'})"
            place = " ".join(filter(None, (note.where.address, note.where.agent)))
            fields = (f"{at:%Y-%m-%d %H:%M:%S}", note.session, who, note.what, note.outcome, place)
            print("\t".join((str(entry.number), *fields)))
    return 0


def _audit_verify(arguments: argparse.Namespace) -> int:
    settings = settings_of(arguments)
    with setup.open_store(settings) as store:
        verdict = verdict_of(store, arguments.seal)
    print("\n".join(words(verdict, settings.language)))
    return 1 if verdict.faults else 0


def _export(arguments: argparse.Namespace) -> int:
    from web.export import export

    span = arguments.start, arguments.end
    return export(
        settings_of(arguments), arguments.session, arguments.file, span, sealed=arguments.sealed
    )


def _backup(arguments: argparse.Namespace) -> int:
    settings = settings_of(arguments)
    print(f"{arguments.folder}: {backup(settings, arguments.folder)} files were new or had changed")
    for session, gone in only_elsewhere(settings, arguments.folder):
        params = {"session": session, "kept_in": gone.kept_in}
        print(say(settings.language, "retire.not_copied", params), file=sys.stderr)
    if settings.storage.database_url:
        print("The database is not among them: pg_dump copies it", file=sys.stderr)
    return 0


def _retire(arguments: argparse.Namespace) -> int:
    from web.retire import run

    given = arguments.session, arguments.kept_in, arguments.why
    return run(settings_of(arguments), *given)


def _store(arguments: argparse.Namespace) -> Store:
    return setup.open_store(settings_of(arguments))


def _user_add(arguments: argparse.Namespace) -> int:
    password = sys.stdin.readline().rstrip("\n") if arguments.password_stdin else _ask_password()
    try:
        hashed = hash_password(password)
    except ValueError as error:
        raise SetupError(str(error)) from None
    roles = frozenset(Role(role) for role in arguments.role)
    with _store(arguments) as store:
        setup.put_account(store, arguments.name, hashed, roles, admin=arguments.admin)
    print(f"{arguments.name}: {', '.join(arguments.role)}")
    return 0


def _ask_password() -> str:
    if not sys.stdin.isatty():
        raise SetupError("a password is typed at a terminal; from a program use --password-stdin")
    first = getpass.getpass("Password: ")
    if getpass.getpass("Again: ") != first:
        raise SetupError("the two passwords differ; nothing was changed")
    return first


def _user_list(arguments: argparse.Namespace) -> int:
    with _store(arguments) as store:
        for one in store.accounts():
            print(f"{one.name}\t{','.join(sorted(one.roles))}\t{'disabled' * one.disabled}")
    return 0


def _user_disable(arguments: argparse.Namespace) -> int:
    with _store(arguments) as store:
        setup.disable_account(store, arguments.name)
    return 0


def _session_create(arguments: argparse.Namespace) -> int:
    with _store(arguments) as store:
        session = setup.prepare_session(
            store, arguments.preset, title=arguments.title, subtitle=arguments.subtitle
        )
        return _print_links(arguments, store, session)


def _session_list(arguments: argparse.Namespace) -> int:
    with _store(arguments) as store:
        for entry in store.sessions():
            state = setup.session_state(store, entry.id)
            print(f"{entry.id}\t{state.phase}\t{state.title}")
    return 0


def _session_links(arguments: argparse.Namespace) -> int:
    with _store(arguments) as store:
        return _print_links(arguments, store, arguments.session)


def _print_links(arguments: argparse.Namespace, store: Store, session: str) -> int:
    for name, link in setup.links(as_running(settings_of(arguments)), store, session):
        print(f"{name}\n    {link}")
    return 0


def _session_revoke(arguments: argparse.Namespace) -> int:
    with _store(arguments) as store:
        setup.revoke_links(settings_of(arguments), store, arguments.session, arguments.place)
    print(f"{arguments.place}: all its links are dead; `diemcau session links` gives new ones")
    return 0


def main(argv: Sequence[str] | None = None) -> int:
    """`diemcau …`"""
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname).1s %(name)s: %(message)s"
    )
    arguments = parser().parse_args(argv)
    try:
        status = int(arguments.run(arguments))
        sys.stdout.flush()
    except BrokenPipeError:  # whoever reads, as `head` does, has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (ConfigError, SetupError) as error:
        print(f"diemcau: {error}", file=sys.stderr)
    except StoreError as error:
        print(f"diemcau: the database: {error}", file=sys.stderr)
    except Failed:
        pass  # the child has said why
    else:
        return status
    return EXIT_USER


if __name__ == "__main__":
    sys.exit(main())

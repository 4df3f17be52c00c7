"""The command line's way to who may sign in, to sessions and their links, and to who did what.

Each command is added to the parser (`web.cli`) and done here; it needs the database alone, so that
it works while the server runs and while it does not.
"""

import argparse
import getpass
import sys

from broadcast.session.model import Role
from broadcast.store import Store
from config.settings import Settings
from web import setup
from web.accounts import hash_password
from web.audit_proof import verdict_of, words
from web.serving import as_running
from web.setup import SetupError
from web.times import local_time

ACCOUNT_ROLES = (Role.OPERATOR, Role.CHAIR, Role.CLERK, Role.VIEWER)


def add_audit(audit: argparse.ArgumentParser, common: argparse.ArgumentParser) -> None:
    actions = audit.add_subparsers(dest="action", required=True, metavar="ACTION")
    shown = actions.add_parser("list", parents=[common], help="one line for each entry")
    shown.add_argument("--session", default="", help="of this session alone")
    shown.set_defaults(run=_audit_list)
    proof = actions.add_parser("verify", parents=[common], help="was nothing altered?")
    proof.add_argument("--seal", default="", help="what `audit verify` said earlier")
    proof.set_defaults(run=_audit_verify)


def add_user(user: argparse.ArgumentParser, common: argparse.ArgumentParser) -> None:
    actions = user.add_subparsers(dest="action", required=True, metavar="ACTION")
    typed = argparse.ArgumentParser(add_help=False)
    typed.add_argument("--password-stdin", action="store_true", help="read it from standard input")
    add = actions.add_parser(
        "add", parents=[common, typed], help="a new account, or all of an old one anew"
    )
    add.add_argument("name", help="as it is typed at the sign-in")
    add.add_argument(
        "--role", action="append", required=True, metavar="ROLE",
        choices=[role.value for role in ACCOUNT_ROLES],
        help="operator, chair, clerk or viewer; may be given more than once",
    )  # fmt: skip
    add.add_argument("--admin", action="store_true", help="may manage accounts on the page")
    add.set_defaults(run=_user_add)
    lost = actions.add_parser(
        "password", parents=[common, typed], help="a new one, without a second factor; roles stay"
    )
    lost.add_argument("name", help="see `user list`")
    lost.set_defaults(run=_user_password)
    listed = actions.add_parser("list", parents=[common], help="names, roles, and who is disabled")
    listed.set_defaults(run=_user_list)
    disable = actions.add_parser("disable", parents=[common], help="ends its sign-ins at once")
    disable.add_argument("name", help="see `user list`")
    disable.set_defaults(run=_user_disable)


def add_session(
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


def _audit_list(settings: Settings, arguments: argparse.Namespace) -> int:
    with setup.kept_store(settings) as store:
        for entry in store.audit(session=arguments.session):
            note = entry.note
            at = local_time(note.at_ms)
            who = f"{note.who or '?'} ({note.role or note.where.means or '?'})"
            place = " ".join(filter(None, (note.where.address, note.where.agent)))
            fields = (f"{at:%Y-%m-%d %H:%M:%S}", note.session, who, note.what, note.outcome, place)
            print("\t".join((str(entry.number), *fields)))
    return 0


def _audit_verify(settings: Settings, arguments: argparse.Namespace) -> int:
    with setup.kept_store(settings) as store:
        verdict = verdict_of(store, arguments.seal)
    print("\n".join(words(verdict, settings.language)))
    return 1 if verdict.faults else 0


def _user_add(settings: Settings, arguments: argparse.Namespace) -> int:
    hashed = _hashed_password(arguments)
    roles = frozenset(Role(role) for role in arguments.role)
    with setup.open_store(settings) as store:
        setup.put_account(store, arguments.name, hashed, roles, admin=arguments.admin)
    print(f"{arguments.name}: {', '.join(arguments.role)}")
    return 0


def _user_password(settings: Settings, arguments: argparse.Namespace) -> int:
    with setup.kept_store(settings) as store:
        setup.renew_password(store, arguments.name, _hashed_password(arguments))
    print(f"{arguments.name}: its sign-ins are ended, and its second factor")
    return 0


def _hashed_password(arguments: argparse.Namespace) -> str:
    """Raises `SetupError`."""
    password = sys.stdin.readline().rstrip("\n") if arguments.password_stdin else _ask_password()
    try:
        return hash_password(password)
    except ValueError as error:
        raise SetupError(str(error)) from None


def _ask_password() -> str:
    if not sys.stdin.isatty():
        raise SetupError("a password is typed at a terminal; from a program use --password-stdin")
    try:
        first, again = getpass.getpass("Password: "), getpass.getpass("Again: ")
    except EOFError:
        raise SetupError("no password was typed; nothing was changed") from None
    if again != first:
        raise SetupError("the two passwords differ; nothing was changed")
    return first


def _user_list(settings: Settings, _arguments: argparse.Namespace) -> int:
    with setup.kept_store(settings) as store:
        for one in store.accounts():
            roles = ",".join([*sorted(one.roles), *["admin"] * one.admin])
            print(f"{one.name}\t{roles}\t{'disabled' * one.disabled}")
    return 0


def _user_disable(settings: Settings, arguments: argparse.Namespace) -> int:
    with setup.kept_store(settings) as store:
        setup.disable_account(store, arguments.name)
    return 0


def _session_create(settings: Settings, arguments: argparse.Namespace) -> int:
    with setup.open_store(settings) as store:
        session = setup.prepare_session(
            store, arguments.preset, title=arguments.title, subtitle=arguments.subtitle
        )
        return _print_links(settings, store, session)


def _session_list(settings: Settings, _arguments: argparse.Namespace) -> int:
    with setup.kept_store(settings) as store:
        for entry in store.sessions():
            state = setup.session_state(store, entry.id)
            print(f"{entry.id}\t{state.phase}\t{state.title}")
    return 0


def _session_links(settings: Settings, arguments: argparse.Namespace) -> int:
    with setup.kept_store(settings) as store:
        return _print_links(settings, store, arguments.session)


def _print_links(settings: Settings, store: Store, session: str) -> int:
    for name, link, end_ms in setup.links(as_running(settings), store, session):
        end = f" (until {local_time(end_ms):%Y-%m-%d %H:%M})" if end_ms else ""
        print(f"{name}{end}\n    {link}")
    return 0


def _session_revoke(settings: Settings, arguments: argparse.Namespace) -> int:
    with setup.kept_store(settings) as store:
        setup.revoke_links(settings, store, arguments.session, arguments.place)
    print(f"{arguments.place}: all its links are dead; `diemcau session links` gives new ones")
    return 0

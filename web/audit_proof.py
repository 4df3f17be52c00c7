"""Is the audit whole? In words for the command line, as JSON for the server.

The server asks a process of its own (`python -m web.audit_proof SETTINGS.json`): digests of a
year's entries are no work for the process that carries sound and pictures.
"""

import json
import sys
from collections.abc import Iterator
from dataclasses import asdict

from broadcast.audit import Entry, Verdict, verify
from broadcast.store import Store
from web import setup
from web.catalogues import say
from web.children import settings_given

_AT_ONCE = 500


def verdict_of(store: Store, seal: str = "") -> Verdict:
    """Reads all of it, some hundred entries at a time."""
    return verify(_entries(store), store.event_rows, lambda: _versions(store), seal)


def _entries(store: Store) -> Iterator[Entry]:
    after = 0
    while entries := store.audit(after=after, limit=_AT_ONCE):
        yield from entries
        after = entries[-1].number


def _versions(store: Store) -> dict[str, int]:
    return {one.id: one.events for one in store.sessions() if one.events}


def words(verdict: Verdict, language: str) -> list[str]:
    """Every fault, the verdict, and the seal to note down."""
    lines = [say(language, f"verify.{one.code}", asdict(one)) for one in verdict.faults]
    code = "audit_broken" if verdict.faults else "audit_whole"
    params = {"entries": verdict.entries, "count": len(verdict.faults)}
    lines.append(say(language, f"verify.{code}", params))
    if verdict.seal:
        lines.append(say(language, "verify.seal", {"seal": verdict.seal}))
    return lines


def main() -> int:
    """Prints one line of JSON."""
    settings = settings_given()
    with setup.open_store(settings) as store:
        verdict = verdict_of(store)
    sys.stdout.write(json.dumps({"whole": not verdict.faults, **asdict(verdict)}))
    return 0


if __name__ == "__main__":
    sys.exit(main())

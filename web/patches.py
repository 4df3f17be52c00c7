"""JSON merge patches (RFC 7396): what changed between two views. Pure.

In a merge patch null means "remove", so a view cannot tell null from absent, and nobody may want
it to. Lists are replaced whole.
"""

from collections.abc import Mapping
from typing import Any

from web.replies import dumps

View = Mapping[str, Any]


def diff(old: View, new: View) -> dict[str, Any]:
    """The patch that makes `new` of `old`; empty if they say the same."""
    patch: dict[str, Any] = {}
    for key in {**old, **new}:
        change = _change(old.get(key), new.get(key))
        if change is not _SAME:
            patch[key] = change
    return patch


_SAME = object()


def _change(before: Any, after: Any) -> Any:
    if before is after or before == after:
        return _SAME
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        return diff(before, after) or _SAME
    return after


class Differ:
    """Patches of many views that share parts: a part is compared and put into words once.

    Good for one round of patches, for as long as the views of before and after live: parts are
    known by their identity.
    """

    def __init__(self) -> None:
        self._changes: dict[tuple[int, int], Any] = {}
        self._texts: dict[int, str] = {}

    def text(self, old: View, new: View) -> str:
        """The patch as JSON; empty if the views say the same."""
        changes = {key: self._change(old.get(key), new.get(key)) for key in {**old, **new}}
        parts = [
            f"{dumps(key)}:{self._text(change)}"
            for key, change in changes.items()
            if change is not _SAME
        ]
        return "{" + ",".join(parts) + "}" if parts else ""

    def _change(self, before: Any, after: Any) -> Any:
        if before is after:
            return _SAME
        key = (id(before), id(after))
        if key not in self._changes:
            self._changes[key] = _change(before, after)
        return self._changes[key]

    def _text(self, change: Any) -> str:
        if id(change) not in self._texts:
            self._texts[id(change)] = dumps(change)
        return self._texts[id(change)]


def apply(target: Any, patch: Any) -> Any:
    """RFC 7396, section 2, as the pages do it."""
    if not isinstance(patch, Mapping):
        return patch
    merged = dict(target) if isinstance(target, Mapping) else {}
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = apply(merged.get(key), value)
    return merged

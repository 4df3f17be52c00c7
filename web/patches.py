"""JSON merge patches (RFC 7396): what changed between two views. Pure.

In a merge patch null means "remove", so a view cannot tell null from absent, and nobody may want
it to. Lists are replaced whole.
"""

from collections.abc import Mapping
from typing import Any

View = Mapping[str, Any]


def diff(old: View, new: View) -> dict[str, Any]:
    """The patch that makes `new` of `old`; empty if they say the same. Parts that are the very
    same object are not looked into."""
    patch: dict[str, Any] = {}
    for key in old.keys() | new.keys():
        before, after = old.get(key), new.get(key)
        if before is after or before == after:
            continue
        if isinstance(before, Mapping) and isinstance(after, Mapping):
            inner = diff(before, after)
            if inner:
                patch[key] = inner
        else:
            patch[key] = after
    return patch


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

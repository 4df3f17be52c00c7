"""Merge patches: the RFC's own table, and any view from any other."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from web.patches import Differ, apply, diff

RFC_7396_APPENDIX_A = [
    ('{"a":"b"}', '{"a":"c"}', '{"a":"c"}'),
    ('{"a":"b"}', '{"b":"c"}', '{"a":"b","b":"c"}'),
    ('{"a":"b"}', '{"a":null}', "{}"),
    ('{"a":"b","b":"c"}', '{"a":null}', '{"b":"c"}'),
    ('{"a":["b"]}', '{"a":"c"}', '{"a":"c"}'),
    ('{"a":"c"}', '{"a":["b"]}', '{"a":["b"]}'),
    ('{"a":{"b":"c"}}', '{"a":{"b":"d","c":null}}', '{"a":{"b":"d"}}'),
    ('{"a":[{"b":"c"}]}', '{"a":[1]}', '{"a":[1]}'),
    ('["a","b"]', '["c","d"]', '["c","d"]'),
    ('{"a":"b"}', '["c"]', '["c"]'),
    ('{"a":"foo"}', "null", "null"),
    ('{"a":"foo"}', '"bar"', '"bar"'),
    ('{"e":null}', '{"a":1}', '{"e":null,"a":1}'),
    ("[1,2]", '{"a":"b","c":null}', '{"a":"b"}'),
    ("{}", '{"a":{"bb":{"ccc":null}}}', '{"a":{"bb":{}}}'),
]


@pytest.mark.parametrize(("target", "patch", "result"), RFC_7396_APPENDIX_A)
def test_the_examples_of_the_rfc(target: str, patch: str, result: str) -> None:
    assert apply(json.loads(target), json.loads(patch)) == json.loads(result)


KEYS = st.sampled_from("abc")
LEAVES = st.none() | st.booleans() | st.integers(0, 3) | st.lists(st.integers(0, 2), max_size=2)
VIEWS = st.dictionaries(
    KEYS, st.recursive(LEAVES, lambda inner: st.dictionaries(KEYS, inner)), max_size=3
)


def _said(view: Any) -> Any:
    """Without nulls: in a view they are the same as absent."""
    if isinstance(view, dict):
        return {key: _said(value) for key, value in view.items() if value is not None}
    return view


@given(VIEWS, VIEWS)
def test_a_patch_makes_the_new_view_of_the_old(old: dict[str, Any], new: dict[str, Any]) -> None:
    assert _said(apply(old, diff(old, new))) == _said(new)


@given(VIEWS, VIEWS, VIEWS)
def test_many_views_that_share_parts(
    old: dict[str, Any], new: dict[str, Any], own: dict[str, Any]
) -> None:
    """The shared parts are the same objects, as those of sites are."""
    differ = Differ()
    for name in ("hall", "lay"):
        before, after = {**old, "me": name}, {**new, "me": name, "own": {**own, "name": name}}
        text = differ.text(before, after)
        assert json.loads(text) == diff(before, after)
    assert differ.text(new, new) == ""


@given(VIEWS)
def test_nothing_changed_nothing_said(view: dict[str, Any]) -> None:
    assert diff(view, json.loads(json.dumps(view))) == {}

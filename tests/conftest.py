"""Settings of all tests."""

from pathlib import Path

import pytest
from hypothesis import settings

TESTS = Path(__file__).parent
_REAL_TIME = ("browser", "faults", "whole")
"""A whole server each, some with a browser. They mostly wait: two at a time fit on two cores."""

# A deadline would test how busy the machine is.
settings.register_profile("diemcau", deadline=None)
settings.load_profile("diemcau")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if any(TESTS / folder in item.path.parents for folder in _REAL_TIME):
            item.add_marker("real_time")

"""Settings of all tests."""

import pytest
from hypothesis import settings

# A deadline would test how busy the machine is.
settings.register_profile("diemcau", deadline=None)
settings.load_profile("diemcau")

LONG = ("whole_session", "accessible", "players")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest begins first: nothing is to run alone in the end."""
    items.sort(key=lambda item: not item.path.stem.endswith(LONG))

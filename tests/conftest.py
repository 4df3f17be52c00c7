"""Settings of all tests."""

import pytest
from hypothesis import settings

# A deadline would test how busy the machine is.
settings.register_profile("diemcau", deadline=None)
settings.load_profile("diemcau")

LONGEST = "test_whole_session"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest begins first, so that it is not alone in the end; what has browsers too
    comes last, for it has five of them itself."""
    items.sort(key=lambda item: (item.path.stem != LONGEST, item.path.parent.name == "browser"))

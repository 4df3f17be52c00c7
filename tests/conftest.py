"""Settings of all tests."""

import os
import time

import pytest
from hypothesis import settings

# A deadline would test how busy the machine is.
settings.register_profile("diemcau", deadline=None)
settings.load_profile("diemcau")

# As every process of a server has it (web/times.py).
os.environ["TZ"] = "Asia/Ho_Chi_Minh"
time.tzset()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long files first, which take long: in the end no process is to have one alone."""
    items.sort(key=lambda one: one.path.stat().st_size, reverse=True)

"""Settings of all tests."""

import os
import time

from hypothesis import settings

# A deadline would test how busy the machine is.
settings.register_profile("diemcau", deadline=None)
settings.load_profile("diemcau")

# As every process of a server has it (web/times.py).
os.environ["TZ"] = "Asia/Ho_Chi_Minh"
time.tzset()

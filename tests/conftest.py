"""Settings of all tests."""

from hypothesis import settings

# A deadline would test how busy the machine is.
settings.register_profile("diemcau", deadline=None)
settings.load_profile("diemcau")

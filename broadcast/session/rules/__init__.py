"""The rules: one command, one small function, its roles and phases beside it."""

"""The page of commands is the code's own table."""

from pathlib import Path

from broadcast.session.table import page

PAGE = Path(__file__).parents[3] / "docs" / "commands.md"


def test_the_committed_page_is_up_to_date() -> None:
    """If not: python -m broadcast.session.table > docs/commands.md"""
    assert PAGE.read_text("utf-8") == page()

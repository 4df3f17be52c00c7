"""A database of each kind, empty."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sql

from tests.broadcast.postgres import cluster, programs


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    binaries = programs()
    if binaries is None:
        pytest.skip("no PostgreSQL on this machine: apt install postgresql")
    with cluster(binaries) as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Of an empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'diemcau.sqlite3'}"
    url: str = request.getfixturevalue("postgres")
    engine = sql.create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as db:
        db.execute(sql.text("DROP SCHEMA public CASCADE"))
        db.execute(sql.text("CREATE SCHEMA public"))
    engine.dispose()
    return url

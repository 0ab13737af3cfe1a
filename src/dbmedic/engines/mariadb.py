"""MariaDB 10.6 to 11: MySQL's wire and URL; what differs, the server says of itself when it is asked for its facts."""

from __future__ import annotations

from dbmedic.engines.mysql import MySql


class MariaDb(MySql):
    """As `MySql`; until the server has been asked, it is taken for what the URL's scheme says."""

    name = "mariadb"

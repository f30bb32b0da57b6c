"""`python -m consumers.lake_writer`."""

import sys

from consumers.lake_writer import app
from lake.catalog import NoLake
from runtime.application import start

if __name__ == "__main__":
    try:
        start(app)
    except NoLake as error:
        sys.exit(f"lake_writer: {error}")

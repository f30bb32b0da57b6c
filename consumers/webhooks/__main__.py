"""`python -m consumers.webhooks`."""

from consumers.webhooks.application import application
from runtime.application import start

if __name__ == "__main__":
    start(application)

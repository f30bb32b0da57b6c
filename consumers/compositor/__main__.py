"""`python -m consumers.compositor`."""

from consumers.compositor.application import application
from runtime.application import start

if __name__ == "__main__":
    start(application)

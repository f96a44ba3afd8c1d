"""The demo: one publisher, one cast named by role, and a story told through the services.

Each stage goes on from the one before it, so that a screenshot, a training or a bug can begin where it
needs to. Nothing is written past the services, so whatever the demo holds a real portal could hold.
"""

from config.demo.cast import ACCOUNTS, PASSWORD, Cast, make_cast
from config.demo.story import STAGES, tell

__all__ = ["ACCOUNTS", "PASSWORD", "STAGES", "Cast", "make_cast", "tell"]

from governance.views import log, moves, work

__all__ = ["log", "moves", "work"]

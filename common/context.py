"""What the code below a view may know of the request it serves: its id, nothing else."""

from contextvars import ContextVar

request_id: ContextVar[str] = ContextVar("request_id", default="")

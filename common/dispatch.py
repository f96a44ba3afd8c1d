"""Handing work to the workers without ever making the caller wait for the broker."""

import logging
from functools import partial
from typing import Any

from celery.app.task import Task
from django.db import transaction
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

log = logging.getLogger(__name__)


def after_commit(task: Task, *args: Any) -> None:
    """Send ``task`` once the transaction has committed.

    When the broker is away the call is logged and forgotten: whatever is sent this way is also a row
    that a sweeper finds and sends again.
    """
    transaction.on_commit(partial(send, task, *args))


def send(task: Task, *args: Any, expires: float | None = None) -> bool:
    """Send ``task`` now; False when the broker did not take it.

    ``expires`` (seconds) is for calls that are sent again anyway: a queue that nobody reads must not fill up
    with repetitions.
    """
    try:
        task.apply_async(args=args, retry=False, expires=expires)
    except (OperationalError, RedisError, OSError) as error:
        log.warning("Broker did not take %s%r: %s", task.name, args, error)
        return False
    return True

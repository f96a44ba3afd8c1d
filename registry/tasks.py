from celery import shared_task


@shared_task
def sweep_leftovers() -> None:
    """Once a day: remove what killed uploads left behind. Run twice it removes nothing more."""
    from registry import services

    services.sweep_leftovers()


@shared_task
def announce_ended_acceptances() -> None:
    """Every hour: tell of acceptances that lapsed or no longer fit. They ended without it, and it tells once."""
    from registry import services

    services.announce_ended()


@shared_task
def expire_imports() -> None:
    """Once a day: discard files that nobody applied in time. Run twice it discards nothing more."""
    from registry import services

    services.expire_imports()

from celery import shared_task


@shared_task
def sweep_leftovers() -> None:
    """Once a day: remove what killed uploads left behind. Run twice it removes nothing more."""
    from registry import services

    services.sweep_leftovers()

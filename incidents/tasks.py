from celery import shared_task


@shared_task
def send_digests() -> None:
    """On the hour: tell every handler once that reports wait. Run twice it sends nothing more."""
    from incidents import services

    for pk in services.pending_digests():
        send_digest.delay(pk)


@shared_task
def send_digest(pk: int) -> None:
    from incidents import services

    services.send_digest(pk)


@shared_task
def sweep_attachments() -> None:
    """Once a day: remove attachments of what did not come to be. Run twice it removes nothing more."""
    from incidents import services

    services.sweep_attachments()

from celery import shared_task


@shared_task
def send_reminders() -> None:
    """On the hour: remind whoever's hour has come, and send what was written and not sent. Run twice it sends
    nothing more."""
    from django.utils import timezone

    from accounts import reminding

    now = timezone.now()
    for pk in reminding.unsent_digests(now):
        send_digest.delay(pk)
    for pk in reminding.people_to_remind(now):
        remind.delay(pk)


@shared_task
def remind(pk: int) -> None:
    """Write down what one person is reminded of today, then send it."""
    from django.utils import timezone

    from accounts import reminding
    from accounts.models import User

    user = User.objects.filter(pk=pk, is_active=True).first()
    if user is not None:
        reminding.send_digest(reminding.write_digest(user, timezone.now()).pk)


@shared_task
def send_digest(pk: int) -> None:
    from accounts import reminding

    reminding.send_digest(pk)

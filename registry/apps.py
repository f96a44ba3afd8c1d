from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class RegistryConfig(AppConfig):
    name = "registry"
    verbose_name = "Registry"

    def ready(self) -> None:
        post_migrate.connect(bring_lists, sender=self)


def bring_lists(*, apps: Any = None, **_options: Any) -> None:
    """After the tables are as this version wants them, bring the shipped lists up to date.

    Not in a migration: a list that is published anew comes with the next version of the portal, whose tables may
    be the same. A migration that stops half way leaves the lists alone.
    """
    from accounts.services import service_account  # noqa: PLC0415
    from registry import models, services  # noqa: PLC0415 -- apps are loaded by now, not when this file is

    if apps is not None:
        for model in (models.Taxonomy, models.Term, models.QuestionSet, models.Question):
            try:
                then = apps.get_model("registry", model.__name__)
            except LookupError:
                return
            if {field.column for field in then._meta.fields} != {field.column for field in model._meta.fields}:
                return
    services.load_shipped(actor=service_account("Registry"))

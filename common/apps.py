from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class CommonConfig(AppConfig):
    name = "common"
    verbose_name = "Portal"

    def ready(self) -> None:
        # What an app shows elsewhere, what it reacts to, which background work it knows, what its references
        # mean, what people own in it and what they are reminded of are registered by importing these files,
        # wherever an app has them.
        autodiscover_modules("panels", "subscribers", "jobs", "references", "ownership", "reminders")

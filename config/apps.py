from django.apps import AppConfig


class PortalConfig(AppConfig):
    """The project itself as an app, so that commands which use every other app have a place at the top."""

    name = "config"
    label = "portal"

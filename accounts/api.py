"""The REST API of this app: routes are collected by config/api_urls.py."""

from rest_framework.routers import SimpleRouter

router = SimpleRouter()

from django.contrib import admin
from django.urls import include, path

from common import gallery, health, views

# The support views' own form would take a password without the second factor and without a limit on tries.
admin.site.login = views.admin_login  # type: ignore[method-assign]

handler400 = "common.views.bad_request"
handler403 = "common.views.forbidden"
handler404 = "common.views.not_found"
handler500 = "common.views.server_error"

urlpatterns = [
    path("healthz/live", health.live, name="health_live"),
    path("healthz/ready", health.ready, name="health_ready"),
    path("theme/", views.theme, name="theme"),
    path("gallery/", gallery.gallery, name="gallery"),
    path("account/", include("allauth.urls")),
    path("", include("accounts.urls")),
    path("api/", include("config.api_urls")),
    path("", include("registry.urls")),
    path("", include("governance.urls")),
    path("", include("access.urls")),
    path("", include("incidents.urls")),
    path("", include("reports.urls")),
    path("admin/", admin.site.urls),
]

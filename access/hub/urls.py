from django.urls import path

import common.converters  # noqa: F401 -- registers the kinds of names
from access.hub import views

urlpatterns = [
    path("api/whoami-v2", views.whoami, name="hub_whoami"),
    path("api/models/<name:publisher>/<name:family>/auth-check", views.auth_check, name="hub_auth_check"),
    path("api/models/<name:publisher>/<name:family>/revision/<name:revision>", views.model_info, name="hub_revision"),
    path("api/models/<name:publisher>/<name:family>/tree/<name:revision>", views.tree, name="hub_tree"),
    path("api/models/<name:publisher>/<name:family>/tree/<name:revision>/<path:folder>", views.tree, name="hub_folder"),
    path("api/models/<name:publisher>/<name:family>", views.model_info, name="hub_model"),
    path("<name:publisher>/<name:family>/resolve/<name:revision>/<file:path>", views.resolve, name="hub_resolve"),
    path("<path:rest>", views.unknown, name="hub_unknown"),
]

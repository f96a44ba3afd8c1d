from django.urls import path

from access.hub import views

urlpatterns = [
    path("api/whoami-v2", views.whoami, name="hub_whoami"),
    path("api/models/<str:publisher>/<str:family>/auth-check", views.auth_check, name="hub_auth_check"),
    path("api/models/<str:publisher>/<str:family>/revision/<str:revision>", views.model_info, name="hub_revision"),
    path("api/models/<str:publisher>/<str:family>/tree/<str:revision>", views.tree, name="hub_tree"),
    path("api/models/<str:publisher>/<str:family>/tree/<str:revision>/<path:folder>", views.tree, name="hub_folder"),
    path("api/models/<str:publisher>/<str:family>", views.model_info, name="hub_model"),
    path("<str:publisher>/<str:family>/resolve/<str:revision>/<path:path>", views.resolve, name="hub_resolve"),
    path("<path:rest>", views.unknown, name="hub_unknown"),
]

from django.urls import include, path

from access import api as access
from accounts import api as accounts
from common.api import reference
from governance import api as governance
from incidents import api as incidents
from registry import api as registry
from reports import api as reports

routes = [
    *(route for module in (accounts, registry, governance, access, incidents, reports) for route in module.router.urls),
    *(
        route
        for module in (accounts, registry, governance, access, incidents, reports)
        for route in getattr(module, "urlpatterns", [])
    ),
    path("schema/", reference.SchemaView.as_view(), name="schema"),
]

urlpatterns = [
    path("", reference.page, name="api_reference"),
    path("v1/", include((routes, "api"))),
]

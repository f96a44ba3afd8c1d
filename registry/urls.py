from django.urls import path

import common.converters  # noqa: F401 -- registers the kinds of names
from registry.views import families, mitigations, people, public, releases, risks

app_name = "registry"
MODEL = "models/<name:publisher>/<name:family>/"
urlpatterns = [
    path("", public.home, name="home"),
    path("models/", public.models, name="models"),
    path(MODEL, public.family, name="family"),
    path(f"{MODEL}risks/", public.family_risks, name="family_risks"),
    path(f"{MODEL}releases/", public.family_releases, name="family_releases"),
    path(f"{MODEL}releases/<name:version>/", public.release, name="release"),
    path(f"{MODEL}releases/<name:version>/card.md", public.card_source, name="card_source"),
    path("search/", public.search, name="search"),
    path("help/", public.about("help"), name="help"),
    path("accessibility/", public.about("accessibility"), name="accessibility"),
    path("privacy/", public.about("privacy"), name="privacy"),
    path("security/", public.about("security"), name="security"),
    path("workspace/releases/", releases.releases, name="releases"),
    path("workspace/releases/new/", releases.release_create, name="release_create"),
    path("workspace/releases/<int:pk>/", releases.manage_release, name="manage_release"),
    path("workspace/releases/<int:pk>/edit/", releases.release_edit, name="release_edit"),
    path("workspace/releases/<int:pk>/card/", releases.card_import, name="card_import"),
    path("workspace/releases/<int:pk>/artifacts/", releases.artifact_add, name="artifact_add"),
    path("workspace/releases/artifacts/<int:pk>/removal/", releases.artifact_removal, name="artifact_removal"),
    path("workspace/releases/families/new/", families.family_create, name="family_create"),
    path("workspace/releases/families/<int:pk>/", families.manage_family, name="manage_family"),
    path("workspace/releases/families/<int:pk>/objectives/", families.objective_create, name="objective_create"),
    path("workspace/releases/objectives/<int:pk>/", families.objective_edit, name="objective_edit"),
    path("workspace/releases/publishers/<int:pk>/", families.publisher_edit, name="publisher_edit"),
    path("workspace/risks/", risks.risks, name="risks"),
    path("workspace/risks/new/", risks.risk_create, name="risk_create"),
    path("workspace/risks/<int:pk>/", risks.risk, name="risk"),
    path("workspace/risks/<int:pk>/edit/", risks.risk_edit, name="risk_edit"),
    path("workspace/risks/<int:pk>/owner/", risks.risk_owner, name="risk_owner"),
    path("workspace/risks/<int:pk>/assessment/", risks.assessment_create, name="assessment_create"),
    path("workspace/risks/<int:pk>/opening/", risks.risk_opening, name="risk_opening"),
    path("workspace/risks/<int:pk>/closure/", risks.risk_closure, name="risk_closure"),
    path("workspace/risks/<int:pk>/reopening/", risks.risk_reopening, name="risk_reopening"),
    path("workspace/risks/<int:pk>/mitigations/", mitigations.mitigation_create, name="mitigation_create"),
    path("workspace/risks/mitigations/<int:pk>/", mitigations.mitigation, name="mitigation"),
    path("workspace/risks/mitigations/<int:pk>/start/", mitigations.mitigation_start, name="mitigation_start"),
    path(
        "workspace/risks/mitigations/<int:pk>/completion/",
        mitigations.mitigation_completion,
        name="mitigation_completion",
    ),
    path(
        "workspace/risks/mitigations/<int:pk>/cancellation/",
        mitigations.mitigation_cancellation,
        name="mitigation_cancellation",
    ),
    path("workspace/people/", people.people_index, name="people_index"),
    path("workspace/publishers/new/", people.publisher_create, name="publisher_create"),
    path("workspace/publishers/<name:slug>/people/", people.people, name="people"),
    path(
        "workspace/publishers/<name:slug>/people/<str:scope>/<str:role>/<int:pk>/removal/",
        people.role_removal,
        name="role_removal",
    ),
]

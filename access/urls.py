from django.urls import include, path

import common.converters  # noqa: F401 -- registers the kinds of names
from access import views

app_name = "access"
urlpatterns = [
    path("access/new/<name:publisher>/<name:family>/", views.new_request, name="new_request"),
    path("access/mine/", views.mine, name="mine"),
    path("access/requests/<int:pk>/", views.request_page, name="request"),
    path("access/requests/<int:pk>/questions/", views.questions, name="request_questions"),
    path("access/requests/<int:pk>/terms/", views.sign_terms, name="request_terms"),
    path("access/requests/<int:pk>/check/", views.check_answers, name="request_check"),
    path("access/requests/<int:pk>/messages/", views.message, name="request_message"),
    path("access/requests/<int:pk>/withdrawal/", views.withdrawal, name="request_withdrawal"),
    path("access/terms/<int:pk>/", views.terms, name="terms"),
    path("access/tiers/<int:pk>/acceptance/", views.terms_acceptance, name="terms_acceptance"),
    path("workspace/access/", views.queue, name="queue"),
    path("workspace/access/bulk/", views.bulk_decision, name="bulk_decision"),
    path("workspace/access/<int:pk>/", views.decision_page, name="decision_page"),
    path("workspace/access/<int:pk>/decision/", views.decision, name="decision"),
    path("workspace/access/<int:pk>/messages/", views.staff_message, name="staff_message"),
    path("workspace/access/<int:pk>/assignment/", views.assignment, name="assignment"),
    path("workspace/grants/", views.grant_list, name="grant_list"),
    path("workspace/grants/<int:pk>/<str:change>/", views.grant_change, name="grant_change"),
    path("workspace/releases/phases/<int:pk>/tiers/", views.phase_tiers, name="phase_tiers"),
    path("workspace/tiers/", views.tier_list, name="tier_list"),
    path("workspace/tiers/new/<int:family>/", views.tier_new, name="tier_new"),
    path("workspace/tiers/<int:pk>/", views.tier_edit, name="tier_edit"),
    path("workspace/tiers/<int:pk>/questions/", views.tier_questions, name="tier_questions"),
    path("workspace/tiers/<int:pk>/terms/", views.terms_publication, name="terms_publication"),
    path("hf/", include("access.hub.urls")),
]

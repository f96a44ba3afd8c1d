from django.urls import path

from governance import views

app_name = "governance"
urlpatterns = [
    path("decisions/", views.log.decision_list, name="decision_list"),
    path("decisions/decisions.csv", views.log.decision_csv, name="decision_csv"),
    path("decisions/feed.atom", views.log.decision_feed, name="decision_feed"),
    path("decisions/<int:pk>/", views.log.decision, name="decision"),
    path("decisions/<int:pk>.json", views.log.decision_json, name="decision_json"),
    path("decisions/<int:pk>.md", views.log.decision_markdown, name="decision_markdown"),
    path("workspace/decisions/", views.work.decision_work, name="decision_work"),
    path("workspace/decisions/new/", views.work.decision_new, name="decision_new"),
    path("workspace/decisions/<int:pk>/", views.work.decision_case, name="decision_case"),
    path("workspace/decisions/<int:pk>/text/", views.work.decision_text, name="decision_text"),
    path("workspace/decisions/<int:pk>/publication/", views.moves.decision_publication, name="decision_publication"),
    path("workspace/decisions/<int:pk>/supersession/", views.moves.decision_supersession, name="decision_supersession"),
    path("workspace/decisions/<int:pk>/annulment/", views.moves.decision_annulment, name="decision_annulment"),
    path("workspace/releases/phases/<int:pk>/entry/", views.moves.phase_entry, name="phase_entry"),
    path("workspace/releases/<int:pk>/publication/", views.moves.release_publication, name="release_publication"),
    path("workspace/releases/<int:pk>/withdrawal/", views.moves.release_withdrawal, name="release_withdrawal"),
    path("workspace/releases/<int:pk>/reinstatement/", views.moves.release_reinstatement, name="release_reinstatement"),
]

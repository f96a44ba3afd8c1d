from django.urls import path

from accounts import views

app_name = "accounts"
urlpatterns = [
    path("workspace/", views.workspace, name="workspace"),
    path("account/profile/", views.profile, name="profile"),
    path("account/reminders/", views.reminders, name="reminders"),
    path("account/reminders/stop/<str:token>/", views.reminder_stop, name="reminder_stop"),
    path("account/tokens/", views.token_list, name="token_list"),
    path("account/tokens/<int:pk>/revocation/", views.token_revocation, name="token_revocation"),
    path("workspace/people/<int:pk>/handover/", views.handover, name="handover"),
    path("workspace/people/<int:pk>/closure/", views.account_closure, name="account_closure"),
    path("workspace/organisations/", views.organisation_list, name="organisation_list"),
    path("workspace/organisations/<slug:slug>/", views.organisation, name="organisation"),
    path(
        "workspace/organisations/<slug:slug>/domains/<int:pk>/verification/",
        views.domain_verification,
        name="domain_verification",
    ),
]

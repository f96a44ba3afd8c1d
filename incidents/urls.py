from django.urls import path

from incidents.views import incidents, misuse, public

app_name = "incidents"
urlpatterns = [
    path("report/", public.report, name="report"),
    path("report/sent/", public.report_sent, name="report_sent"),
    path("report/track/", public.report_track, name="report_track"),
    path("report/track/messages/", public.report_messages, name="report_messages"),
    path("report/track/end/", public.report_leave, name="report_leave"),
    path("workspace/misuse/", misuse.report_list, name="misuse_list"),
    path("workspace/misuse/<int:pk>/", misuse.report_detail, name="misuse_report"),
    path("workspace/misuse/<int:pk>/triage/", misuse.triage, name="misuse_triage"),
    path("workspace/misuse/<int:pk>/model/", misuse.match, name="misuse_match"),
    path("workspace/misuse/<int:pk>/answers/", misuse.answers, name="misuse_answers"),
    path("workspace/misuse/<int:pk>/notes/", misuse.notes, name="misuse_notes"),
    path("workspace/misuse/<int:pk>/closure/", misuse.closure, name="misuse_closure"),
    path("workspace/misuse/<int:pk>/reopening/", misuse.reopening, name="misuse_reopening"),
    path("workspace/misuse/<int:pk>/contact/", misuse.contact, name="misuse_contact"),
    path("workspace/misuse/<int:pk>/attachments/<int:number>/", misuse.attachment, name="misuse_attachment"),
    path("workspace/incidents/", incidents.incident_list, name="incident_list"),
    path("workspace/incidents/new/", incidents.incident_new, name="incident_new"),
    path("workspace/incidents/<int:pk>/", incidents.incident_detail, name="incident"),
    path("workspace/incidents/<int:pk>/edit/", incidents.incident_edit, name="incident_edit"),
    path("workspace/incidents/<int:pk>/moves/", incidents.moves, name="incident_moves"),
    path("workspace/incidents/<int:pk>/lessons/", incidents.lessons, name="incident_lessons"),
    path("workspace/incidents/<int:pk>/reports/", incidents.reports, name="incident_reports"),
    path(
        "workspace/incidents/<int:pk>/reports/<int:report_pk>/removal/", incidents.unlinking, name="incident_unlinking"
    ),
    path("workspace/incidents/<int:pk>/decisions/", incidents.decisions, name="incident_decisions"),
    path("workspace/incidents/<int:pk>/risks/", incidents.risks, name="incident_risks"),
]

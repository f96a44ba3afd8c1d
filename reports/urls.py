from django.urls import path

import common.converters  # noqa: F401 -- registers the kinds of names
from reports import views

app_name = "reports"
urlpatterns = [
    path("reports/", views.report_list, name="report_list"),
    path("reports/<int:pk>/", views.report, name="report"),
    path("reports/<int:pk>/report.pdf", views.report_pdf, name="report_pdf"),
    path("reports/<int:pk>/data.json", views.report_data, name="report_data"),
    path(
        "models/<name:publisher>/<name:family>/releases/<name:version>/package/",
        views.package,
        name="package",
    ),
    path("packages/<int:pk>/package.zip", views.package_file, name="package_file"),
    path("workspace/releases/<int:pk>/package/", views.package_work, name="package_work"),
    path("workspace/packages/<int:pk>/rerun/", views.package_rerun, name="package_rerun"),
    path("workspace/reports/", views.report_work, name="report_work"),
    path("workspace/reports/new/", views.report_new, name="report_new"),
    path("workspace/reports/<int:pk>/", views.report_case, name="report_case"),
    path("workspace/reports/<int:pk>/job/", views.report_job, name="report_job"),
    path("workspace/reports/<int:pk>/rerun/", views.report_rerun, name="report_rerun"),
    path("workspace/reports/<int:pk>/publication/", views.report_publication, name="report_publication"),
]

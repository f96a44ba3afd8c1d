"""The register as files, imports of it, and one change to many risks."""

from django.core.files.uploadedfile import SimpleUploadedFile

from tests.factories.registry import BulkChangeFactory, ImportRowFactory, RiskImportFactory
from tests.matrix import MEMBERS, api_only, everybody, only, route

TREATING = ("release_manager", "risk_owner")
CSV = b"family,title,harm\npilot-7b,New,Harm\n"


def _model(kind):
    return lambda w: [w.publisher.slug, w.family.slug, kind]


def _import(w):
    """One that the release manager brought, with a refused row."""
    row = RiskImportFactory(checked=True, publisher=w.publisher, uploaded_by=w.release_manager, refused_count=1)
    ImportRowFactory(risk_import=row)
    return [row.pk]


def _bulk(w):
    return [BulkChangeFactory(requested_by=w.release_manager).pk]


def _file(w):
    return {"publisher": w.publisher.pk, "file": SimpleUploadedFile("risks.csv", CSV)}


def _change(w):
    return {"action": "review", "chosen": [w.risk.pk], "confirmed": "1"}


# Other people's imports are not known of.
THEIRS = everybody(404) | {"release_manager": 200, "superuser": 200, "anonymous": 302}
MOVED = THEIRS | {"release_manager": 302, "superuser": 302}
API_THEIRS = THEIRS | {"anonymous": 401}
PAGES = {
    "risk_export": route(args=lambda w: ["csv"], get=only(*MEMBERS, "stranger")),
    "export_schema": route(get=everybody(200) | {"anonymous": 302}),
    "family_risks_export": route(args=_model("csv"), get=everybody(200)),
    "risk_imports": route(get=only(*TREATING, "stranger")),
    "import_create": route(
        get=only(*TREATING, "stranger"), post=only(*TREATING, status=302) | {"stranger": 422}, body=_file
    ),
    "import_template": route(args=lambda w: ["csv"], get=everybody(200) | {"anonymous": 302}),
    "risk_import": route(args=_import, get=THEIRS),
    "import_job": route(args=_import, get=MOVED),
    # Nobody else applies what somebody brought; refused rows hold it up.
    "import_application": route(args=_import, post=MOVED | {"superuser": 403}),
    "import_checking": route(args=_import, post=MOVED | {"superuser": 403}),
    "import_discarding": route(args=_import, post=MOVED),
    "import_refused": route(args=_import, get=THEIRS),
    "risk_bulk": route(post=only(*TREATING, "stranger", status=302), body=_change),
    "bulk_change": route(args=_bulk, get=THEIRS),
    "bulk_change_job": route(args=_bulk, get=MOVED),
}
API = {
    "risk-export": route(get=everybody(200)),
    "risk-export-schema": route(get=everybody(200)),
    # A file comes as a form, which this test does not send.
    "risk-import-list": route(get=everybody(200) | {"anonymous": 401}, post=everybody(415) | {"anonymous": 401}),
    "risk-import-detail": route(args=_import, get=API_THEIRS),
    "risk-import-rows": route(args=_import, get=API_THEIRS),
    "risk-import-refused": route(args=_import, get=API_THEIRS),
    "risk-import-application": route(args=_import, post=API_THEIRS | {"release_manager": 409, "superuser": 403}),
    "risk-import-checking": route(args=_import, post=API_THEIRS | {"release_manager": 202, "superuser": 403}),
    "risk-import-discarding": route(args=_import, post=API_THEIRS),
    "bulk-change-list": route(
        get=everybody(200) | {"anonymous": 401},
        post=api_only(*TREATING, "stranger", status=201),
        body=lambda w: {"action": "review", "risks": [w.risk.pk]},
    ),
    "bulk-change-detail": route(args=_bulk, get=API_THEIRS),
}

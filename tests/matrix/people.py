from tests.matrix import everybody, only, route

ADMINISTRATOR = only("administrator", outside=404)
ROUTES = {
    # The stranger is an administrator elsewhere and is sent on to their own publisher.
    "registry:people_index": route(
        get=everybody(403) | {"administrator": 302, "stranger": 302, "superuser": 200, "anonymous": 302}
    ),
    "registry:publisher_create": route(
        get=only(),
        post=only(status=302),
        body=lambda w: {"name": "New lab", "slug": "new-lab"},
    ),
    "registry:people": route(
        args=lambda w: [w.publisher.slug],
        get=ADMINISTRATOR,
        post={role: 302 if status == 200 else status for role, status in ADMINISTRATOR.items()},
        body=lambda w: {"email": w.researcher.email, "role": "reviewer", "scope": "publisher"},
    ),
    "registry:role_removal": route(
        args=lambda w: [w.publisher.slug, "publisher", "auditor", w.auditor.pk],
        get=ADMINISTRATOR,
        post={role: 302 if status == 200 else status for role, status in ADMINISTRATOR.items()},
    ),
}

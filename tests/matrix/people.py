from accounts.models import User
from tests.matrix import api_only, everybody, only, route

ADMINISTRATOR = only("administrator", outside=404)
# The stranger gives roles elsewhere: an API of theirs too, without what is ours in it.
API_ADMINISTRATOR = api_only("administrator") | {"stranger": 404}


def _held(w):
    return User.groups.through.objects.get(user=w.auditor, group__name__endswith=":auditor").pk


ROUTES = {
    "api:role-assignment-list": route(
        get=API_ADMINISTRATOR | {"stranger": 200},
        post=api_only("administrator", status=201),
        body=lambda w: {"email": w.researcher.email, "role": "reviewer", "publisher": w.publisher.pk},
    ),
    "api:role-assignment-detail": route(
        args=lambda w: [_held(w)],
        get=API_ADMINISTRATOR,
        delete=API_ADMINISTRATOR | {"administrator": 204, "superuser": 204},
    ),
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

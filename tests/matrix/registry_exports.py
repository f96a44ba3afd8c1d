from tests.matrix import everybody, route

PAGES = {
    "release_export": route(
        args=lambda w: [w.publisher.slug, w.family.slug, w.release.version, "spdx.json"], get=everybody(200)
    ),
}
API = {
    "release-export": route(args=lambda w: [w.release.pk, "cyclonedx"], get=everybody(200)),
}

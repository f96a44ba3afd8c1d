from tests.matrix import everybody, route

ROUTES = {
    "health_live": route(get=everybody(200)),
    "health_ready": route(get=everybody(200)),
    "theme": route(post=everybody(302), body=lambda w: {"theme": "dark", "next": "/"}),
    "api_reference": route(get=everybody(200)),
    "gallery": route(get=everybody(404) | {"superuser": 200}),
    "api:schema": route(get=everybody(200)),
}

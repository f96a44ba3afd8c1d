from tests.matrix import everybody, route

ROUTES = {
    "health_live": route(get=everybody(200)),
    "health_ready": route(get=everybody(200)),
    "theme": route(post=everybody(302), body=lambda w: {"theme": "dark", "next": "/"}),
    "api:schema": route(get=everybody(200)),
}

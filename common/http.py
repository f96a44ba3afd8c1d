"""What the views of every app share."""

from django.views.decorators.http import require_http_methods

# A page with a form on it: read, or sent.
page = require_http_methods(["GET", "HEAD", "POST"])

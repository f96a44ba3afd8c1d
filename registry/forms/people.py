from common.forms import BaseModelForm
from registry.models import Publisher


class NewPublisherForm(BaseModelForm):
    """Its short name is chosen once: addresses and clients depend on it."""

    class Meta:
        model = Publisher
        fields = ["name", "slug", "about", "website", "contact_email"]

from django.test import override_settings
from django.urls import reverse, set_script_prefix

from common.addresses import address


def test_an_address_is_what_reverse_gives():
    for pk in (1, 7_143_311, 10**12):
        assert address("registry:risk", pk) == reverse("registry:risk", args=[pk])


@override_settings(FORCE_SCRIPT_NAME="/portal")
def test_a_portal_under_a_path_keeps_it():
    set_script_prefix("/portal/")
    try:
        assert address("registry:risk", 5) == reverse("registry:risk", args=[5])
        assert address("registry:risk", 5).startswith("/portal/")
    finally:
        set_script_prefix("/")
    assert not address("registry:risk", 5).startswith("/portal/")

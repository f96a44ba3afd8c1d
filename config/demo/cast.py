from dataclasses import dataclass

from allauth.account.models import EmailAddress

from accounts import services as accounts
from accounts.models import Organisation, User
from accounts.roles import Role
from registry.models import Publisher
from registry.services import catalogue

# Known to everybody who reads this: the demo is refused in production.
PASSWORD = "tidegate-demo-only"  # noqa: S105

# Address, name, what to try first.
ACCOUNTS = [
    ("operator@example.org", "Operator", "superuser: publishers, organisations, support views"),
    ("administrator@example.org", "Administrator", "people and roles"),
    ("release.manager@example.org", "Release manager", "releases, tiers, access requests"),
    ("risk.owner@example.org", "Risk owner", "risk register, mitigations"),
    ("reviewer@example.org", "Reviewer", "decisions"),
    ("incident.handler@example.org", "Incident handler", "misuse reports, incidents"),
    ("auditor@example.org", "Auditor", "safety reports"),
    ("researcher@example.net", "Researcher", "asks for access, downloads"),
    ("developer@example.com", "Developer", "asks for access, is waiting"),
]


@dataclass
class Cast:
    """Everybody in the story, and the publisher they work for."""

    operator: User
    administrator: User
    release_manager: User
    risk_owner: User
    reviewer: User
    incident_handler: User
    auditor: User
    researcher: User
    developer: User
    publisher: Publisher
    setup: User


def make_cast() -> Cast:
    """The people, their organisations and their roles."""
    setup = accounts.service_account("Set-up")
    lab, university, company = (
        _organisation(setup, name, slug, domain)
        for name, slug, domain in (
            ("Estuary Lab", "estuary-lab", "example.org"),
            ("University", "university", "example.net"),
            ("Software company", "software-company", "example.com"),
        )
    )
    people = {}
    for address, name, _hint in ACCOUNTS:
        organisation = {"org": lab, "net": university, "com": company}[address.rpartition(".")[2]]
        people[name.lower().replace(" ", "_")] = _person(address, name, organisation)
    operator = people["operator"]
    publisher = catalogue.create_publisher(
        actor=operator,
        slug="estuary-lab",
        name="Estuary Lab",
        about="We release small open language models, and keep their records here.",
        contact_email="release.manager@example.org",
    )
    for role in Role:
        accounts.assign_role(people[role.value], role, publisher, actor=setup)
    return Cast(**people, publisher=publisher, setup=setup)


def _organisation(setup: User, name: str, slug: str, domain: str) -> Organisation:
    organisation = accounts.create_organisation(actor=setup, name=name, slug=slug, country="BE")
    row = accounts.add_domain(organisation, actor=setup, domain=domain)
    accounts.verify_domain(row, actor=setup, evidence="Demo data")
    return organisation


def _person(address: str, name: str, organisation: Organisation) -> User:
    is_operator = name == "Operator"
    user = User.objects.create_user(
        address, PASSWORD, display_name=name, organisation=organisation, is_superuser=is_operator, is_staff=is_operator
    )
    EmailAddress.objects.create(user=user, email=address, primary=True, verified=True)
    return user

"""How to reach a reporter who left an address: unreadable in a copy of the database."""

from common.sealing import Seal

_contacts = Seal("incidents.sealing", "contact")
seal, unseal = _contacts.seal, _contacts.unseal

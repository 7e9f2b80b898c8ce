"""Every table of DocVault, as SQLAlchemy Core, by subject. Correct on SQLite and PostgreSQL alike.

Document bodies, answers and secrets are ciphertext or hashes here, never readable (promise 56).
"""

from docvault.database.tables.access import (
    break_glass,
    folder_members,
    memberships,
    portfolios,
    proposals,
    standings,
)
from docvault.database.tables.archive_stamps import archive_stamps
from docvault.database.tables.bulk_sends import bulk_rows, bulk_sends
from docvault.database.tables.ceremonies import attachments, found_fields, kept_answers, paper_sheets, papers
from docvault.database.tables.certificates import issued_certificates, unlisted_issuers
from docvault.database.tables.columns import ID, METADATA, Moment
from docvault.database.tables.consents import paper_wishes
from docvault.database.tables.content import (
    documents,
    folder_keys,
    folder_paths,
    folders,
    uploads,
    versions,
    viewings,
)
from docvault.database.tables.envelopes import envelope_documents, envelopes, fields, handovers, recipients
from docvault.database.tables.erasures import erased_details, erasures
from docvault.database.tables.guests import file_requests, person_quotas, quotas, visits
from docvault.database.tables.identity import (
    challenges,
    devices,
    former_addresses,
    identities,
    invitations,
    organisations,
    passkey_challenges,
    passkeys,
    people,
    recovery_codes,
    sessions,
    single_sign_ons,
    step_ups,
    throttles,
    totp_factors,
)
from docvault.database.tables.in_person import in_person_handings, in_person_hosts
from docvault.database.tables.keys import key_rotations, keys, master_keys
from docvault.database.tables.log import (
    audit_checkpoints,
    audit_details,
    audit_entries,
    audit_publications,
    audit_state,
    audit_tiles,
)
from docvault.database.tables.outsiders import mail_codes, outside_links, outside_signers
from docvault.database.tables.portal import installation, messages, workers
from docvault.database.tables.renditions import renditions
from docvault.database.tables.retention import disposals, holds, object_locks, retention_overrides
from docvault.database.tables.search import search_documents, search_words
from docvault.database.tables.template_links import link_codes, template_links
from docvault.database.tables.templates import (
    envelope_origins,
    template_documents,
    template_versions,
    templates,
)
from docvault.database.tables.trust import trust_anchors
from docvault.database.tables.webdav import dav_locks, dav_properties

__all__ = [
    "ID",
    "METADATA",
    "Moment",
    "archive_stamps",
    "attachments",
    "audit_checkpoints",
    "audit_details",
    "audit_entries",
    "audit_publications",
    "audit_state",
    "audit_tiles",
    "break_glass",
    "bulk_rows",
    "bulk_sends",
    "challenges",
    "dav_locks",
    "dav_properties",
    "devices",
    "disposals",
    "documents",
    "envelope_documents",
    "envelope_origins",
    "envelopes",
    "erased_details",
    "erasures",
    "fields",
    "file_requests",
    "folder_keys",
    "folder_members",
    "folder_paths",
    "folders",
    "former_addresses",
    "found_fields",
    "handovers",
    "holds",
    "identities",
    "in_person_handings",
    "in_person_hosts",
    "installation",
    "invitations",
    "issued_certificates",
    "kept_answers",
    "key_rotations",
    "keys",
    "link_codes",
    "mail_codes",
    "master_keys",
    "memberships",
    "messages",
    "object_locks",
    "organisations",
    "outside_links",
    "outside_signers",
    "paper_sheets",
    "paper_wishes",
    "papers",
    "passkey_challenges",
    "passkeys",
    "people",
    "person_quotas",
    "portfolios",
    "proposals",
    "quotas",
    "recipients",
    "recovery_codes",
    "renditions",
    "retention_overrides",
    "search_documents",
    "search_words",
    "sessions",
    "single_sign_ons",
    "standings",
    "step_ups",
    "template_documents",
    "template_links",
    "template_versions",
    "templates",
    "throttles",
    "totp_factors",
    "trust_anchors",
    "unlisted_issuers",
    "uploads",
    "versions",
    "viewings",
    "visits",
    "workers",
]

"""Who has which rights, since when and until when: periods, never overwritten, so any day can be asked for.

A period is in force from `starts_at` until the earlier of `ends_at` (agreed in advance) and `ended_at` (ended
by somebody). `started_by` and `ended_by` name people without a foreign key: the terminal acts as well.
"""

from sqlalchemy import Column, Index, LargeBinary, String, Table

from docvault.database.tables.columns import (
    ID,
    METADATA,
    Moment,
    identifier,
    one_in_force,
    period,
    reference,
)

standings = Table(  # the role and state of each person over time; people.role and people.state are the newest
    "standings",
    METADATA,
    identifier(),
    reference("person_id", "people.id", index=True),
    Column("role", String(30), nullable=False),
    Column("state", String(10), nullable=False),
    *period(),
    one_in_force("standings", "person_id"),
)

memberships = Table(  # people in organisations; people.organisation_id is the one they were invited to
    "memberships",
    METADATA,
    identifier(),
    reference("person_id", "people.id"),
    reference("organisation_id", "organisations.id", index=True),
    *period(),
    Index("ix_memberships_person_id_organisation_id", "person_id", "organisation_id"),
    one_in_force("memberships", "person_id", "organisation_id"),
)

portfolios = Table(  # which clients an account manager looks after
    "portfolios",
    METADATA,
    identifier(),
    reference("person_id", "people.id"),
    reference("organisation_id", "organisations.id", index=True),
    *period(),
    Index("ix_portfolios_person_id_organisation_id", "person_id", "organisation_id"),
    one_in_force("portfolios", "person_id", "organisation_id"),
)

folder_members = Table(  # with whom a folder, and all that lies in it, is shared; or who is kept out
    "folder_members",
    METADATA,
    identifier(),
    reference("folder_id", "folders.id"),
    reference("person_id", "people.id"),
    Column("role", String(12), nullable=False),  # viewer | contributor | signer | manager | denied
    *period(),
    Index("ix_folder_members_folder_id_person_id", "folder_id", "person_id"),
    Index("ix_folder_members_person_id_folder_id", "person_id", "folder_id"),
    one_in_force("folder_members", "folder_id", "person_id"),
)

break_glass = Table(  # a compliance officer opened one document's body for a while; why stands in the trail
    "break_glass",
    METADATA,
    identifier(),
    reference("document_id", "documents.id"),
    reference("person_id", "people.id"),
    *period(),
    Index("ix_break_glass_document_id_person_id", "document_id", "person_id"),
    one_in_force("break_glass", "document_id", "person_id"),
)

proposals = Table(  # deeds that need two people (promise 26): one proposes, another confirms, done once
    "proposals",
    METADATA,
    identifier(),
    Column("kind", String(40), nullable=False),
    Column("subject_id", ID, nullable=True),  # the person or thing it is about
    Column("sealed", LargeBinary, nullable=False),  # JSON: everything the deed needs, and the reason
    Column("digest", String(64), nullable=False),  # hex SHA-256 of that JSON: what the second person confirms
    Column("state", String(10), nullable=False),  # open | waiting | done | refused | withdrawn | lapsed
    reference("proposed_by", "people.id"),
    Column("proposed_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    reference("confirmed_by", "people.id", nullable=True),
    Column("confirmed_at", Moment, nullable=True),
    Column("due_at", Moment, nullable=True),  # not done before: time to object
    Column("done_at", Moment, nullable=True),
    Index("ix_proposals_state_proposed_at_id", "state", "proposed_at", "id"),
    Index("ix_proposals_proposed_at_id", "proposed_at", "id"),
)

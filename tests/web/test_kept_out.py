"""Promise 27: over random trees, shares and denials, no route shows or takes anything under a denied folder."""

from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert

from actions.world import NOW, person
from docvault.database import folders, periods, tables
from docvault.policy.vocabulary import Role
from docvault.values import new_id

from .portal import begin, unknown_id, upload

ROLES = ["viewer", "contributor", "signer", "manager"]
TREES = st.lists(st.integers(0, 3), min_size=2, max_size=5)  # how many folders before this one its parent is
GRANTS = st.lists(
    st.tuples(st.integers(0, 4), st.sampled_from([*ROLES, "denied", "denied"])), max_size=5
)  # (folder, role) of the one who is watched; the last word on a folder counts


@dataclass
class Tree:
    """Folders of Acme; each with a document and an envelope that was sent to everybody."""

    site: object
    folders: list[str]
    documents: list[str]
    envelopes: list[str]
    parents: list[int | None]

    def denied(self, grants: dict[int, str]) -> set[int]:
        """Numbers of the folders that lie under a denial: walked by hand, not asked of anybody."""
        found = set()
        for number in range(len(self.folders)):
            step: int | None = number
            while step is not None:
                if grants.get(step) == "denied":
                    found.add(number)
                step = self.parents[step]
        return found


def plant(site, backs, watched) -> Tree:
    """Make the tree by the portal's own means, except envelopes, which are rows: sealing takes seconds."""
    world, maya = site.world, site.sign_in(site.world.manager)
    tree = Tree(site, [], [], [], [])
    for number, back in enumerate(backs):
        parent = number - back if 0 < back <= number else None
        place = {"organisation_id": world.acme} if parent is None else {"parent_id": tree.folders[parent]}
        folder = maya.post("/api/v1/folders", json=place | {"name": f"Canary {number}"}).json()["id"]
        tree.parents.append(parent)
        tree.folders.append(folder)
        tree.documents.append(upload(maya, folder, f"canary-{number}.txt", b"canary"))
    with world.db.transaction() as tx:
        for number, folder in enumerate(tree.folders):
            tree.envelopes.append(_envelope(tx, world, folder, tree.documents[number], watched))
    return tree


def _envelope(tx, world, folder, document, watched) -> str:
    envelope, plain = new_id(), {str: "", int: 0, bool: False, bytes: b""}
    known = {
        "id": envelope,
        "organisation_id": world.acme,
        "folder_id": folder,
        "sender_id": world.manager.person_id,
        "state": "sent",
        "title": "Canary envelope",
        "sent_at": NOW,
    }
    enclosed = {"envelope_id": envelope, "position": 1, "document_id": document, "page_sizes": "[]"}
    asked = {
        "id": new_id(),
        "envelope_id": envelope,
        "person_id": watched.person_id,
        "turn": 1,
        "role": "signer",
        "pages_seen": "[]",
    }
    rows = (
        (tables.envelopes, known),
        (tables.envelope_documents, enclosed),
        (tables.recipients, asked),
    )
    for table, values in rows:
        for column in table.columns:
            if column.name not in values and not column.nullable:
                moment = isinstance(column.type, tables.Moment)
                values[column.name] = NOW if moment else plain[column.type.python_type]
        tx.connection.execute(insert(table).values(values))
    return envelope


def grant(site, tree, watched, grants) -> dict[int, str]:
    kept = {number: role for number, role in grants if number < len(tree.folders)}
    with site.world.db.transaction() as tx:
        for number, role in kept.items():
            what = {"folder_id": tree.folders[number], "person_id": watched.person_id}
            periods.begin(tx, tables.folder_members, what, by=None, now=NOW, role=role)
    return kept


def routes(folder, document, envelope):
    """Every way over the API and the pages to a folder, its document and its envelope."""
    version = f"/api/v1/documents/{document}/versions/1"
    return [
        ("GET", f"/folders/{folder}"),
        ("GET", f"/api/v1/folders/{folder}"),
        ("GET", f"/api/v1/folders/{folder}/members"),
        ("GET", f"/api/v1/folders/{folder}/denials"),
        ("GET", f"/api/v1/folders/{folder}/documents"),
        ("GET", f"/api/v1/folders?parent={folder}"),
        ("POST", f"/api/v1/folders/{folder}/members"),
        ("POST", f"/api/v1/folders/{folder}/denials"),
        ("GET", f"/documents/{document}"),
        ("GET", f"/documents/{document}/text"),
        ("GET", f"/api/v1/documents/{document}"),
        ("GET", f"/api/v1/documents/{document}/versions"),
        ("GET", f"{version}/content"),
        ("GET", f"{version}/pages/1"),
        ("GET", f"{version}/pages/1/text"),
        ("GET", f"{version}/signatures"),
        ("GET", f"/envelopes/new?document={document}"),
        ("GET", f"/envelopes/{envelope}"),
        ("GET", f"/sign/{envelope}"),
        ("GET", f"/api/v1/envelopes/{envelope}"),
        ("GET", f"/api/v1/envelopes/{envelope}/ceremony"),
        ("GET", f"/api/v1/envelopes/{envelope}/documents/sent/content"),
        ("GET", f"/api/v1/envelopes/{envelope}/pages/1"),
    ]


BODIES = {
    "members": {"person_id": "x", "role": "viewer"},
    "denials": {"person_id": "x"},
}


def ask(browser, method, path):
    body = BODIES.get(path.rpartition("/")[2]) if method == "POST" else None
    return browser.request(method, path, json=body, follow_redirects=False)


def listed(browser, path, **query) -> set[str]:
    found, after = set(), None
    while True:
        page = browser.get(path, params=query | {"limit": 2} | ({"after": after} if after else {})).json()
        found |= {one["id"] for one in page["items"]}
        after = page["next"]
        if after is None:
            return found


@pytest.mark.promise(27)
@pytest.mark.promise(21)
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(backs=TREES, grants=GRANTS, works_there=st.booleans())
def test_no_route_leads_under_a_denied_folder_and_lists_equal_single_answers(
    site, backs, grants, works_there
):
    world = site.world
    watched = person(world.db, "Wanda Watched", Role.CLIENT, world.acme if works_there else world.globex)
    tree = plant(site, backs, watched)
    denied = tree.denied(grant(site, tree, watched, grants))
    browser = site.sign_in(watched)
    for number in denied:
        mine = routes(tree.folders[number], tree.documents[number], tree.envelopes[number])
        nobodys = routes(unknown_id(), unknown_id(), unknown_id())
        for (method, path), (_, absent) in zip(mine, nobodys, strict=True):
            answer, nothing = ask(browser, method, path), ask(browser, method, absent)
            assert (answer.status_code, answer.content) == (nothing.status_code, nothing.content), path
            assert answer.status_code == 404, path
        refused = begin(browser, 5, folder=tree.folders[number], filename="a.txt")
        assert refused.status_code == 404
    folders_listed = listed(browser, "/api/v1/folders") & set(tree.folders)
    searched = listed(browser, "/api/v1/folders", search="canary") & set(tree.folders)
    envelopes_listed = listed(browser, "/api/v1/envelopes") & set(tree.envelopes)
    single = {one for one in tree.folders if browser.get(f"/api/v1/folders/{one}").status_code == 200}
    opened = {one for one in tree.envelopes if browser.get(f"/api/v1/envelopes/{one}").status_code == 200}
    assert folders_listed == searched == single
    assert envelopes_listed == opened
    hidden = {tree.folders[n] for n in denied} | {tree.envelopes[n] for n in denied}
    assert not hidden & (folders_listed | envelopes_listed)
    pages = "".join(browser.get(path).text for path in ("/inbox", "/folders", "/envelopes"))
    for number in denied:
        for thing in (tree.folders[number], tree.documents[number], tree.envelopes[number]):
            assert thing not in pages


@pytest.mark.promise(27)
def test_the_walk_of_denials_is_not_empty(site):
    """A tree where the watched works and one branch is denied: what is outside stays open."""
    watched = person(site.world.db, "Wanda Watched", Role.CLIENT, site.world.acme)
    tree = plant(site, [0, 1, 1, 3], watched)
    assert tree.parents == [None, 0, 1, 0]
    denied = tree.denied(grant(site, tree, watched, [(1, "denied")]))
    assert denied == {1, 2}
    browser = site.sign_in(watched)
    assert listed(browser, "/api/v1/folders") == {tree.folders[0], tree.folders[3]}
    with site.world.db.reading() as tx:
        assert folders.for_seeing(tx, watched, tree.folders[3]).parent_id == tree.folders[0]

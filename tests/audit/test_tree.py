import pymerkle
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from docvault.audit import proofs, tiles, tree
from docvault.audit.errors import ProofInvalid, TreeInvalid

LEAVES = [b"leaf %d" % at for at in range(1_100)]
HASHES = [tree.leaf_hash(leaf) for leaf in LEAVES]


def subtree(level, index):
    return tree.root_of(HASHES[index << level : (index + 1) << level])


def pymerkle_tree(size):
    other = pymerkle.InmemoryTree(algorithm="sha256")
    for leaf in LEAVES[:size]:
        other.append_entry(leaf)
    return other


@pytest.mark.promise(75)
def test_every_root_is_the_one_that_pymerkle_computes():
    other = pymerkle_tree(300)
    edge = tree.Edge()
    for size in range(1, 301):
        edge.append(HASHES[size - 1])
        assert edge.root() == other.get_root(size), size


@pytest.mark.promise(75)
@pytest.mark.parametrize(
    ("index", "size"), [(0, 1), (0, 2), (1, 2), (5, 7), (6, 7), (99, 100), (31, 257), (256, 257)]
)
def test_pymerkle_accepts_our_inclusion_proof(index, size):
    other = pymerkle_tree(size)
    theirs = other.prove_inclusion(index + 1, size)
    ours = proofs.inclusion(subtree, index, size)
    path = [bytes.fromhex(node) if isinstance(node, str) else node for node in theirs.path]
    assert set(ours) == set(path) - {HASHES[index]}  # theirs begins with the leaf itself
    pymerkle.verify_inclusion(HASHES[index], other.get_root(size), theirs)
    proofs.check_inclusion(HASHES[index], index, size, ours, other.get_root(size))


@pytest.mark.promise(75)
@pytest.mark.parametrize(
    ("older", "size"), [(1, 2), (3, 7), (4, 7), (6, 7), (64, 100), (100, 257), (256, 257)]
)
def test_our_consistency_proof_joins_two_of_pymerkles_roots(older, size):
    other = pymerkle_tree(size)
    pymerkle.verify_consistency(
        other.get_root(older), other.get_root(size), other.prove_consistency(older, size)
    )
    path = proofs.consistency(subtree, older, size)
    proofs.check_consistency(older, other.get_root(older), size, other.get_root(size), path)


def test_every_inclusion_and_consistency_proof_of_small_trees_holds():
    roots = [tree.root_of(HASHES[:size]) for size in range(34)]
    for size in range(1, 34):
        for index in range(size):
            proofs.check_inclusion(
                HASHES[index], index, size, proofs.inclusion(subtree, index, size), roots[size]
            )
        for older in range(size + 1):
            path = proofs.consistency(subtree, older, size)
            proofs.check_consistency(older, roots[older], size, roots[size], path)


@settings(max_examples=300)
@given(st.data())
def test_no_changed_inclusion_proof_holds(data):
    size = data.draw(st.integers(2, 300))
    index = data.draw(st.integers(0, size - 1))
    path = proofs.inclusion(subtree, index, size)
    change = data.draw(st.sampled_from(["node", "drop", "add", "leaf", "index", "root"]))
    at = data.draw(st.integers(0, len(path) - 1))
    leaf, root, place = HASHES[index], tree.root_of(HASHES[:size]), index
    if change == "node":
        path[at] = HASHES[999]
    elif change == "drop":
        del path[at]
    elif change == "add":
        path.insert(at, HASHES[999])
    elif change == "leaf":
        leaf = HASHES[999]
    elif change == "index":
        place = data.draw(st.integers(0, size + 5).filter(lambda other: other != index))
    else:
        root = HASHES[999]
    with pytest.raises(ProofInvalid):
        proofs.check_inclusion(leaf, place, size, path, root)


@settings(max_examples=300)
@given(st.data())
def test_no_changed_consistency_proof_holds(data):
    size = data.draw(st.integers(2, 300))
    older = data.draw(st.integers(1, size - 1))
    path = proofs.consistency(subtree, older, size)
    change = data.draw(st.sampled_from(["node", "drop", "add", "older root", "root"]))
    at = data.draw(st.integers(0, len(path) - 1))
    old_root, root = tree.root_of(HASHES[:older]), tree.root_of(HASHES[:size])
    if change == "node":
        path[at] = HASHES[999]
    elif change == "drop":
        del path[at]
    elif change == "add":
        path.insert(at, HASHES[999])
    elif change == "older root":
        old_root = HASHES[999]
    else:
        root = HASHES[999]
    with pytest.raises(ProofInvalid):
        proofs.check_consistency(older, old_root, size, root, path)


@pytest.mark.parametrize(
    ("older", "size", "path"), [(3, 2, []), (2, 2, [HASHES[0]]), (0, 2, [HASHES[0]]), (3, 7, [])], ids=str
)
def test_a_consistency_proof_of_impossible_shape_is_refused(older, size, path):
    with pytest.raises(ProofInvalid):
        proofs.check_consistency(older, tree.root_of(HASHES[:older]), size, tree.root_of(HASHES[:size]), path)


def test_trees_of_one_size_with_two_roots_are_refused():
    with pytest.raises(ProofInvalid, match="same size"):
        proofs.check_consistency(2, HASHES[0], 2, HASHES[1], [])


def test_an_edge_survives_being_stored():
    edge = tree.Edge()
    for hashed in HASHES[:123]:
        edge.append(hashed)
    assert tree.Edge.load(123, edge.dump()).root() == edge.root() == tree.root_of(HASHES[:123])


@pytest.mark.parametrize(("size", "stored"), [(1, b""), (0, b"x" * 32), (3, b"x" * 32), (-1, b"")])
def test_an_edge_that_does_not_fit_its_size_is_refused(size, stored):
    with pytest.raises(TreeInvalid):
        tree.Edge.load(size, stored)


@pytest.mark.parametrize(
    ("level", "index", "width", "expected"),
    [
        (0, 0, 256, "tile/0/000"),
        (0, 5, 256, "tile/0/005"),
        (0, 273, 112, "tile/0/273.p/112"),
        (1, 999, 256, "tile/1/999"),
        (0, 1_000, 256, "tile/0/x001/000"),
        (0, 1_234_067, 256, "tile/0/x001/x234/067"),  # the example of c2sp.org/tlog-tiles
        (0, 70_000, 1, "tile/0/x070/000.p/1"),
    ],
)
def test_a_tile_has_the_path_of_the_specification(level, index, width, expected):
    assert tiles.path(level, index, width) == expected


def test_tiles_fill_at_every_level():
    assert tiles.completed(255) == []
    assert tiles.completed(256) == [(0, 0)]
    assert tiles.completed(512) == [(0, 1)]
    assert tiles.completed(65_536) == [(0, 255), (1, 0)]


def reader_of(size, hashes=None, stored=None):
    hashes = hashes or HASHES
    return tiles.TileReader(
        size, lambda level, index: (stored or {}).get((level, index)), lambda a, b: b"".join(hashes[a:b])
    )


def test_a_reader_gives_every_hash_of_the_tree():
    reader = reader_of(1_100, stored={(0, 1): b"".join(HASHES[256:512])})
    for level in range(11):
        for index in range(1_100 >> level):
            assert reader.hash(level, index) == subtree(level, index), (level, index)
    assert proofs.root_at(reader.hash, 1_100) == tree.root_of(HASHES)
    assert reader.tile(1, 0) == b"".join(subtree(8, index) for index in range(4))


def test_an_empty_tree_has_the_root_of_nothing():
    assert proofs.root_at(reader_of(0).hash, 0) == tree.EMPTY_ROOT


@pytest.mark.parametrize(("level", "index"), [(0, 300), (3, 40), (8, 1), (16, 0)])
def test_a_reader_refuses_what_the_tree_does_not_have(level, index):
    with pytest.raises(TreeInvalid):
        reader_of(300).hash(level, index)


def test_a_reader_refuses_a_damaged_tile():
    with pytest.raises(TreeInvalid, match="damaged"):
        reader_of(300, stored={(0, 0): b"short"}).tile(0, 0)


def test_a_reader_forgets_tiles_it_has_not_used_for_long(monkeypatch):
    monkeypatch.setattr(tiles, "KEPT", 2)
    asked = []

    def leaves(start, stop):
        asked.append(start)
        return b"".join(HASHES[start:stop])

    reader = tiles.TileReader(1_100, lambda _level, _index: None, leaves)
    for index in (0, 1, 0, 2, 0, 1):
        reader.tile(0, index)
    assert asked == [0, 256, 512, 256]

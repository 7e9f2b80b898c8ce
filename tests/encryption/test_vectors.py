import pytest

from docvault.blobs.store import BlobError
from docvault.encryption.errors import EncryptionError, Tampered, UnknownAlgorithm

from . import independent, vectors

VALID = vectors.names(valid=True)
INVALID = vectors.names(valid=False)


@pytest.fixture(scope="module")
def browser():
    with vectors.webcrypto() as page:
        yield page


@pytest.mark.promise(52)
@pytest.mark.parametrize("name", VALID)
def test_the_product_opens_what_others_wrote(name):
    vector = vectors.load(name)
    assert vectors.read_with_the_product(vector) == vectors.counted(vector["row"]["size"])


@pytest.mark.promise(52)
@pytest.mark.parametrize("name", VALID)
def test_an_independent_reader_opens_the_same(name):
    vector = vectors.load(name)
    assert vectors.read_independently(vector) == vectors.counted(vector["row"]["size"])


@pytest.mark.promise(52)
@pytest.mark.browser
@pytest.mark.parametrize("name", VALID)
def test_webcrypto_opens_the_same(browser, name):
    vector = vectors.load(name)
    assert browser.evaluate("(vector) => readVector(vector)", vector) == vector["row"]["sha256"]


@pytest.mark.promise(52)
@pytest.mark.browser
@pytest.mark.parametrize("size", [0, 1, 16383, 16384, 40000])
def test_the_product_opens_what_webcrypto_writes_now(browser, size):
    vector = browser.evaluate("([place, size]) => writeVector(place, size)", [vectors.place(), size])
    assert vectors.read_with_the_product(vector) == vectors.counted(size)


@pytest.mark.promise(49)
@pytest.mark.promise(50)
@pytest.mark.promise(58)
@pytest.mark.parametrize("name", INVALID)
def test_the_product_refuses_every_attack(name):
    expected = UnknownAlgorithm if "algorithm" in name else (EncryptionError, BlobError)
    with pytest.raises(expected):
        vectors.read_with_the_product(vectors.load(name))


@pytest.mark.parametrize("name", INVALID)
def test_the_independent_reader_refuses_every_attack(name):
    with pytest.raises(independent.Refused):
        vectors.read_independently(vectors.load(name))


@pytest.mark.browser
def test_webcrypto_refuses_every_attack(browser):
    attempt = "(vector) => readVector(vector).then(() => 'opened', () => 'refused')"
    outcomes = {name: browser.evaluate(attempt, vectors.load(name)) for name in INVALID}
    assert set(outcomes.values()) == {"refused"}, outcomes


def test_the_vectors_are_those_that_the_specification_gives():
    for name, vector in {**vectors.valid_vectors(), **vectors.invalid_vectors()}.items():
        assert vectors.load(name) == vector, name


def test_refusals_do_not_say_which_check_failed():
    words = set()
    for name in INVALID:
        try:
            vectors.read_with_the_product(vectors.load(name))
        except Tampered as refused:
            words.add(str(refused))
        except (EncryptionError, BlobError):
            continue
    assert len(words) == 1

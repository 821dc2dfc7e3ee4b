"""PynamoDB, as a real application uses it: models, indexes, versions, transactions, batches."""

import pytest
from pynamodb.attributes import ListAttribute, MapAttribute, NumberAttribute, UnicodeAttribute, UnicodeSetAttribute, VersionAttribute
from pynamodb.connection import Connection
from pynamodb.exceptions import DoesNotExist, PutError, TransactWriteError, UpdateError
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex
from pynamodb.models import Model
from pynamodb.transactions import TransactGet, TransactWrite

from tidegate import REGION


class Address(MapAttribute):
    street = UnicodeAttribute()
    number = NumberAttribute(null=True)


class ByCity(GlobalSecondaryIndex):
    class Meta:
        index_name = "by-city"
        projection = AllProjection()

    city = UnicodeAttribute(hash_key=True)
    age = NumberAttribute(range_key=True)


class Person(Model):
    class Meta:
        table_name = "people"
        region = REGION
        billing_mode = "PAY_PER_REQUEST"
        aws_access_key_id = "test"
        aws_secret_access_key = "test"

    team = UnicodeAttribute(hash_key=True)
    name = UnicodeAttribute(range_key=True)
    city = UnicodeAttribute(default="here")
    age = NumberAttribute(default=0)
    tags = UnicodeSetAttribute(null=True)
    addresses = ListAttribute(of=Address, default=list)
    version = VersionAttribute()
    by_city = ByCity()


@pytest.fixture(scope="module", autouse=True)
def table(server):
    Person.Meta.host = server.url
    Person._connection = None
    Person.create_table(wait=True)
    yield
    Person.delete_table()


@pytest.fixture
def connection(server, monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    return Connection(region=REGION, host=server.url)


def test_a_model_is_saved_read_changed_and_deleted():
    ada = Person("crud", "ada", age=36, tags={"a", "b"}, addresses=[Address(street="Main", number=1)])
    ada.save()
    read = Person.get("crud", "ada", consistent_read=True)
    assert (read.age, read.tags, read.addresses[0].street, read.version) == (36, {"a", "b"}, "Main", 1)
    read.update(actions=[Person.age.add(1), Person.tags.delete({"a"}), Person.addresses[0].number.set(2)])
    assert (read.age, read.tags, read.addresses[0].number) == (37, {"b"}, 2)
    read.delete()
    with pytest.raises(DoesNotExist):
        Person.get("crud", "ada")


def test_an_old_version_is_not_written_over_a_new_one():
    Person("versions", "ada").save()
    mine, theirs = Person.get("versions", "ada"), Person.get("versions", "ada")
    mine.save()
    with pytest.raises(PutError) as refused:
        theirs.save()
    assert refused.value.cause_response_code == "ConditionalCheckFailedException"


def test_queries_filters_and_pages():
    with Person.batch_write() as batch:
        for age in range(60):
            batch.save(Person("pages", f"p{age:02}", city="there", age=age))
    names = [person.name for person in Person.query("pages", Person.name.between("p10", "p19"), page_size=3)]
    assert names == [f"p{age}" for age in range(10, 20)]
    old = Person.query("pages", filter_condition=(Person.age > 50) & Person.city.startswith("th"))
    assert [person.age for person in old] == list(range(51, 60))
    newest = Person.by_city.query("there", Person.age >= 30, scan_index_forward=False, limit=3)
    assert [person.age for person in newest] == [59, 58, 57]
    assert Person.count("pages") == 60
    assert len(list(Person.scan(Person.team == "pages", page_size=7))) == 60
    assert len(list(Person.batch_get([("pages", f"p{age:02}") for age in range(60)]))) == 60


def test_conditions():
    person = Person("conditions", "ada", age=1)
    person.save(Person.name.does_not_exist())
    with pytest.raises(UpdateError):
        person.update(actions=[Person.age.set(2)], condition=Person.age > 1)
    with pytest.raises(PutError):
        Person("conditions", "ada").save(Person.name.does_not_exist())


def test_transactions_hold_together(connection):
    for name in ("ada", "bob"):
        Person("money", name, age=100).save()
    ada, bob = (Person.get("money", name) for name in ("ada", "bob"))
    with TransactWrite(connection=connection, client_request_token="transfer-1") as transfer:
        transfer.update(ada, actions=[Person.age.add(-30)], condition=Person.age >= 30)
        transfer.update(bob, actions=[Person.age.add(30)])
    with TransactGet(connection=connection) as both:
        futures = [both.get(Person, "money", name) for name in ("ada", "bob")]
    assert [future.get().age for future in futures] == [70, 130]
    ada, bob = (Person.get("money", name) for name in ("ada", "bob"))
    with pytest.raises(TransactWriteError) as refused:
        with TransactWrite(connection=connection) as transfer:
            transfer.update(ada, actions=[Person.age.add(-300)], condition=Person.age >= 300)
            transfer.update(bob, actions=[Person.age.add(300)])
    assert [reason and reason.code for reason in refused.value.cancellation_reasons] == ["ConditionalCheckFailed", None]
    assert Person.get("money", "bob").age == 130

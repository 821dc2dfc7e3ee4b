"""Tenants and what they may use; files of addresses taken over from buckets; dedicated addresses, of which there are none."""

import json

import pytest

from queues import refused

FROM = "shop@shop.example"
PLACE = "arn:aws:ses:us-east-1:000000000000"


@pytest.fixture(scope="module")
def sesv2(server):
    client = server.client("sesv2")
    client.create_email_identity(EmailIdentity="shop.example")
    client.create_configuration_set(ConfigurationSetName="orders")
    client.create_email_template(TemplateName="welcome", TemplateContent={"Subject": "s", "Text": "t"})
    return client


def mail(**more):
    content = {"Simple": {"Subject": {"Data": "s"}, "Body": {"Text": {"Data": "t"}}}}
    return {"FromEmailAddress": FROM, "Destination": {"ToAddresses": ["a@example.org"]}, "Content": content} | more


def test_a_tenant_sends_with_what_is_its_own(sesv2):
    made = sesv2.create_tenant(TenantName="acme", Tags=[{"Key": "plan", "Value": "gold"}])
    assert made["TenantArn"] == f"{PLACE}:tenant/acme/{made['TenantId']}" and made["SendingStatus"] == "ENABLED"
    identity, orders, welcome = f"{PLACE}:identity/shop.example", f"{PLACE}:configuration-set/orders", f"{PLACE}:template/welcome"
    with refused("BadRequestException", "is not associated with tenant acme", 400):
        sesv2.send_email(**mail(TenantName="acme"))
    sesv2.create_tenant_resource_association(TenantName="acme", ResourceArn=identity)
    sesv2.send_email(**mail(TenantName="acme"))
    with refused("BadRequestException", orders, 400):
        sesv2.send_email(**mail(TenantName="acme", ConfigurationSetName="orders"))
    template = {"Template": {"TemplateName": "welcome", "TemplateData": "{}"}}
    with refused("BadRequestException", welcome, 400):
        sesv2.send_email(**mail(TenantName="acme", Content=template))
    for resource in (orders, welcome):
        sesv2.create_tenant_resource_association(TenantName="acme", ResourceArn=resource)
    sesv2.send_email(**mail(TenantName="acme", ConfigurationSetName="orders", Content=template))
    sent = sesv2.send_bulk_email(FromEmailAddress=FROM, TenantName="acme", DefaultContent=template,
                                 BulkEmailEntries=[{"Destination": {"ToAddresses": ["a@example.org"]}}])
    assert sent["BulkEmailEntryResults"][0]["Status"] == "SUCCESS"
    found = sesv2.list_tenant_resources(TenantName="acme")["TenantResources"]
    assert {(one["ResourceType"], one["ResourceArn"]) for one in found} == {
        ("EMAIL_IDENTITY", identity), ("CONFIGURATION_SET", orders), ("EMAIL_TEMPLATE", welcome)}
    found = sesv2.list_tenant_resources(TenantName="acme", Filter={"RESOURCE_TYPE": "EMAIL_IDENTITY"})["TenantResources"]
    assert [one["ResourceArn"] for one in found] == [identity]
    (found,) = sesv2.list_resource_tenants(ResourceArn=identity)["ResourceTenants"]
    assert (found["TenantName"], found["TenantId"]) == ("acme", made["TenantId"])
    assert sesv2.list_tags_for_resource(ResourceArn=made["TenantArn"])["Tags"] == [{"Key": "plan", "Value": "gold"}]
    sesv2.delete_tenant_resource_association(TenantName="acme", ResourceArn=orders)
    with refused("NotFoundException", "is not associated", 404):
        sesv2.delete_tenant_resource_association(TenantName="acme", ResourceArn=orders)
    sesv2.delete_tenant(TenantName="acme")
    assert sesv2.list_resource_tenants(ResourceArn=identity)["ResourceTenants"] == []


def test_tenants_are_listed_in_pages(sesv2):
    names = [f"page-{number}" for number in range(5)]
    for name in names:
        sesv2.create_tenant(TenantName=name)
    found, token = [], {}
    while True:
        page = sesv2.list_tenants(PageSize=2, **token)
        found += [one["TenantName"] for one in page["Tenants"]]
        if "NextToken" not in page:
            break
        token = {"NextToken": page["NextToken"]}
    assert found == names
    assert sesv2.get_tenant(TenantName="page-3")["Tenant"]["TenantName"] == "page-3"
    for name in names:
        sesv2.delete_tenant(TenantName=name)


def test_what_tenants_refuse(sesv2):
    sesv2.create_tenant(TenantName="twice")
    for code, status, attempt in [
        ("AlreadyExistsException", 400, lambda: sesv2.create_tenant(TenantName="twice")),
        ("BadRequestException", 400, lambda: sesv2.create_tenant(TenantName="a b")),
        ("NotFoundException", 404, lambda: sesv2.get_tenant(TenantName="absent")),
        ("NotFoundException", 404, lambda: sesv2.delete_tenant(TenantName="absent")),
        ("NotFoundException", 404, lambda: sesv2.list_tenant_resources(TenantName="absent")),
        ("NotFoundException", 404, lambda: sesv2.send_email(**mail(TenantName="absent"))),
        ("NotFoundException", 404, lambda: sesv2.create_tenant_resource_association(TenantName="twice", ResourceArn=f"{PLACE}:identity/absent.example")),
        ("BadRequestException", 400, lambda: sesv2.create_tenant_resource_association(TenantName="twice", ResourceArn=f"{PLACE}:contact-list/l")),
        ("BadRequestException", 400, lambda: sesv2.create_tenant_resource_association(TenantName="twice", ResourceArn="nothing")),
    ]:
        with refused(code, "", status):
            attempt()
    sesv2.delete_tenant(TenantName="twice")


def imported(server, sesv2, body, destination, data_format="CSV"):
    s3 = server.client("s3")
    s3.create_bucket(Bucket="files")
    s3.put_object(Bucket="files", Key="in/addresses", Body=body.encode())
    source = {"S3Url": "s3://files/in/addresses", "DataFormat": data_format}
    job = sesv2.create_import_job(ImportDestination=destination, ImportDataSource=source)["JobId"]
    server.settle()
    return sesv2.get_import_job(JobId=job)


def suppression(action):
    return {"SuppressionListDestination": {"SuppressionListImportAction": action}}


def suppressed(sesv2):
    found = sesv2.list_suppressed_destinations()["SuppressedDestinationSummaries"]
    return {one["EmailAddress"]: one["Reason"] for one in found}


def test_the_suppression_list_is_filled_and_emptied_by_files(server, sesv2):
    job = imported(server, sesv2, "One@example.org,BOUNCE\ntwo@example.org,COMPLAINT\nthree@example.org,WHY\nnobody\n", suppression("PUT"))
    assert (job["JobStatus"], job["ProcessedRecordsCount"], job["FailedRecordsCount"]) == ("COMPLETED", 4, 2)
    assert suppressed(sesv2) == {"one@example.org": "BOUNCE", "two@example.org": "COMPLAINT"}
    lines = "\n".join(json.dumps({"emailAddress": f"many{number}@example.org", "reason": "BOUNCE"}) for number in range(1200))
    job = imported(server, sesv2, lines, suppression("PUT"), "JSON")
    assert (job["ProcessedRecordsCount"], job["FailedRecordsCount"]) == (1200, 0)
    assert sesv2.get_suppressed_destination(EmailAddress="many1199@example.org")["SuppressedDestination"]["Reason"] == "BOUNCE"
    gone = "one@example.org\ntwo@example.org\n" + "".join(f"many{number}@example.org\n" for number in range(1200))
    assert imported(server, sesv2, gone, suppression("DELETE"))["JobStatus"] == "COMPLETED"
    assert suppressed(sesv2) == {}


def test_contacts_come_from_files(server, sesv2):
    topics = [{"TopicName": name, "DisplayName": name, "DefaultSubscriptionStatus": "OPT_OUT"} for name in ("Sports", "Cycling")]
    sesv2.create_contact_list(ContactListName="readers", Topics=topics)
    into = {"ContactListDestination": {"ContactListName": "readers", "ContactListImportAction": "PUT"}}
    csv = ('emailAddress,unsubscribeAll,attributesData,topicPreferences.Sports,topicPreferences.Cycling\n'
           'ann@example.org,false,"{""Name"": ""Ann, A""}",OPT_IN,OPT_OUT\n'
           'bob@example.org,true,,,\n'
           'bad@example.org,false,,PERHAPS,\n')
    job = imported(server, sesv2, csv, into)
    assert (job["JobStatus"], job["ProcessedRecordsCount"], job["FailedRecordsCount"]) == ("COMPLETED", 3, 1)
    ann = sesv2.get_contact(ContactListName="readers", EmailAddress="ann@example.org")
    assert json.loads(ann["AttributesData"]) == {"Name": "Ann, A"}
    assert {one["TopicName"]: one["SubscriptionStatus"] for one in ann["TopicPreferences"]} == {"Sports": "OPT_IN", "Cycling": "OPT_OUT"}
    assert sesv2.get_contact(ContactListName="readers", EmailAddress="bob@example.org")["UnsubscribeAll"]
    line = json.dumps({"emailAddress": "cat@example.org", "topicPreferences": [{"topicName": "Nothing", "subscriptionStatus": "OPT_IN"}]})
    assert imported(server, sesv2, line, into, "JSON")["FailedRecordsCount"] == 1
    out = {"ContactListDestination": {"ContactListName": "readers", "ContactListImportAction": "DELETE"}}
    imported(server, sesv2, "emailAddress\nann@example.org\n", out)
    left = sesv2.list_contacts(ContactListName="readers")["Contacts"]
    assert [one["EmailAddress"] for one in left] == ["bob@example.org"]


def test_jobs_are_listed_and_say_why_they_failed(server, sesv2):
    source = {"S3Url": "s3://absent/file", "DataFormat": "CSV"}
    job = sesv2.create_import_job(ImportDestination=suppression("PUT"), ImportDataSource=source)["JobId"]
    server.settle()
    found = sesv2.get_import_job(JobId=job)
    assert found["JobStatus"] == "FAILED" and "bucket" in found["FailureInfo"]["ErrorMessage"]
    assert found["ImportDestination"] == suppression("PUT") and found["ImportDataSource"] == source
    assert job in [one["JobId"] for one in sesv2.list_import_jobs(ImportDestinationType="SUPPRESSION_LIST")["ImportJobs"]]
    assert job not in [one["JobId"] for one in sesv2.list_import_jobs(ImportDestinationType="CONTACT_LIST")["ImportJobs"]]
    for code, status, attempt in [
        ("NotFoundException", 404, lambda: sesv2.get_import_job(JobId="absent")),
        ("BadRequestException", 400, lambda: sesv2.create_import_job(ImportDestination=suppression("PUT"), ImportDataSource={**source, "S3Url": "http://x/y"})),
        ("BadRequestException", 400, lambda: sesv2.create_import_job(ImportDestination={}, ImportDataSource=source)),
        ("BadRequestException", 400, lambda: sesv2.create_import_job(ImportDestination={"ContactListDestination": {"ContactListName": "absent", "ContactListImportAction": "PUT"}}, ImportDataSource=source)),
    ]:
        with refused(code, "", status):
            attempt()


def test_there_are_no_dedicated_addresses(sesv2):
    sesv2.create_dedicated_ip_pool(PoolName="own")
    for attempt in [
        lambda: sesv2.get_dedicated_ip(Ip="192.0.2.1"),
        lambda: sesv2.put_dedicated_ip_in_pool(Ip="192.0.2.1", DestinationPoolName="own"),
        lambda: sesv2.put_dedicated_ip_in_pool(Ip="192.0.2.1", DestinationPoolName="absent"),
        lambda: sesv2.put_dedicated_ip_warmup_attributes(Ip="192.0.2.1", WarmupPercentage=5),
    ]:
        with refused("NotFoundException", "", 404):
            attempt()

"""A table of misuses of SES with AWS's answers.

Each line is (what is wrong, client, operation, parameters, code, message). Messages are AWS's own words, from
recordings of the real service in public test suites and issues; one that ends in `…` is compared up to there. The
identities `sender@example.com` and `example.org`, the configuration set `set` with the destination `there`, the
set `paused`, the template `t`, the rule set `rules` with the rule `first` (active), the contact list `list` with
`c@example.org` and the pool `pool` are there; nothing else is.
"""

from mails import SENDER

INVALID = "InvalidParameterValue"
BAD = "BadRequestException"
MISSING = "NotFoundException"
REJECTED = "MessageRejected"
VALIDATION = "ValidationError"
UNVERIFIED = "Email address is not verified. The following identities failed the check in region US-EAST-1: "
NO_SET = "Configuration set <absent> does not exist."
TOPIC = "arn:aws:sns:us-east-1:000000000000:t"
POLICY = '{"Version":"2012-10-17","Statement":[]}'
NULL = "1 validation error detected: Value null at '{}' failed to satisfy constraint: Member must not be null"


def one(operation: str, what: str, code: str, message: str, **parameters):
    return (f"{operation}: {what}", "ses", operation, parameters, code, message)


def two(operation: str, what: str, code: str, message: str, **parameters):
    return (f"v2 {operation}: {what}", "sesv2", operation, parameters, code, message)


def mail(what: str, code: str, message: str, to=("to@example.net",), **parameters):
    text = {"Subject": {"Data": "s"}, "Body": {"Text": {"Data": "t"}}}
    given = {"Source": SENDER, "Destination": {"ToAddresses": list(to)}, "Message": text}
    return one("SendEmail", what, code, message, **{**given, **parameters})


def mail2(what: str, code: str, message: str, to=("to@example.net",), **parameters):
    simple = {"Subject": {"Data": "s"}, "Body": {"Text": {"Data": "t"}}}
    given = {"FromEmailAddress": SENDER, "Destination": {"ToAddresses": list(to)}, "Content": {"Simple": simple}}
    return two("SendEmail", what, code, message, **{**given, **parameters})


def raw(what: str, code: str, message: str, data: str, **parameters):
    return one("SendRawEmail", what, code, message, RawMessage={"Data": data.encode()}, **parameters)


def destination(what: str, code: str, message: str, **parameters):
    given = {"Name": "new", "Enabled": True, "MatchingEventTypes": ["send"], "SNSDestination": {"TopicARN": TOPIC}}
    return one("CreateConfigurationSetEventDestination", what, code, message, ConfigurationSetName="set", EventDestination={**given, **parameters})


def rule(what: str, code: str, message: str, set_name="rules", after=None, **parameters):
    place = {"After": after} if after else {}
    return one("CreateReceiptRule", what, code, message, RuleSetName=set_name, Rule={"Name": "new", **parameters}, **place)


def contact(what: str, code: str, message: str, **parameters):
    return two("CreateContact", what, code, message, **{"ContactListName": "list", "EmailAddress": "n@example.org", **parameters})


TABLE = [
    mail("unverified sender", REJECTED, UNVERIFIED + "nobody@example.com", Source="nobody@example.com"),
    mail("unverified return path", REJECTED, UNVERIFIED + "nobody@example.com", ReturnPath="nobody@example.com"),
    mail("no domain", INVALID, "Missing final '@domain'", to=["nobody"]),
    mail("no local part", INVALID, "Missing local name", to=["@example.com"]),
    mail("a domain with a space", INVALID, "Domain contains control or whitespace", to=["a@exa mple.com"]),
    mail("a domain with an underscore", INVALID, "Domain contains illegal character", to=["a@exa_mple.com"]),
    mail("a domain that starts with a dot", INVALID, "Domain starts with dot", to=["a@.com"]),
    mail("a domain with two dots", INVALID, "Domain contains dot-dot", to=["a@example..com"]),
    mail("a local part with a space", INVALID, "Local address contains control or whitespace", to=["a b@example.com"]),
    mail("a local part that is not ASCII", INVALID, "Local address contains control or whitespace", to=["ä@example.com"]),
    mail("a source without domain", INVALID, "Missing final '@domain'", Source="sender"),
    mail("fifty-one recipients", INVALID, "Recipient count exceeds 50.", to=[f"a{n}@example.net" for n in range(51)]),
    mail("no such configuration set", "ConfigurationSetDoesNotExist", NO_SET, ConfigurationSetName="absent"),
    mail("a paused configuration set", "ConfigurationSetSendingPausedException", "Sending is paused for configuration set paused", ConfigurationSetName="paused"),
    mail("a tag without name", INVALID, "The tag name must be specified.", Tags=[{"Name": "", "Value": "v"}]),
    mail("a tag with a space", INVALID, "Invalid tag name <a b>: only alphanumeric ASCII characters, '_', and '-' are allowed.", Tags=[{"Name": "a b", "Value": "v"}]),
    one("SendEmail", "no source", VALIDATION, NULL.format("source"), Destination={"ToAddresses": ["a@example.net"]}, Message={"Subject": {"Data": "s"}, "Body": {"Text": {"Data": "t"}}}),
    raw("no sender", INVALID, "Missing required header 'From'.", "To: a@example.net\n\nx"),
    raw("a header twice", INVALID, "Duplicate header 'Subject'.", f"From: {SENDER}\nTo: a@example.net\nSubject: a\nSubject: b\n\nx"),
    raw("an unverified sender in the header", REJECTED, UNVERIFIED + "nobody@example.com", "From: nobody@example.com\nTo: a@example.net\n\nx"),
    raw("an unverified sender beside a verified source", REJECTED, UNVERIFIED + "nobody@example.com", "From: nobody@example.com\nTo: a@example.net\n\nx", Source=SENDER),
    two("SendEmail", "too long", BAD, "Message length is more than 41943040 bytes long: '…", FromEmailAddress=SENDER, Content={"Raw": {"Data": f"From: {SENDER}\nTo: a@example.net\n\n".encode() + b"x" * 41_943_040}}),
    one("SendTemplatedEmail", "no such template", "TemplateDoesNotExist", "Template absent does not exist…", Source=SENDER, Destination={"ToAddresses": ["a@example.net"]}, Template="absent", TemplateData="{}"),
    one("SendBounce", "no such mail", REJECTED, "…", OriginalMessageId="absent", BounceSender=SENDER, BouncedRecipientInfoList=[{"Recipient": "a@example.org", "BounceType": "DoesNotExist"}]),
    one("VerifyEmailIdentity", "no address", INVALID, "Invalid email address<nobody>.", EmailAddress="nobody"),
    one("VerifyEmailIdentity", "empty", INVALID, "Email address not specified.", EmailAddress=""),
    one("VerifyDomainIdentity", "no domain", INVALID, "Invalid domain name exa mple.", Domain="exa mple"),
    one("SetIdentityDkimEnabled", "no such domain", INVALID, "Domain absent.example is not verified for DKIM signing.", Identity="absent.example", DkimEnabled=True),
    one("SetIdentityMailFromDomain", "no such identity", INVALID, "Identity <absent.example> does not exist.", Identity="absent.example", MailFromDomain="b.absent.example"),
    one("SetIdentityNotificationTopic", "no such identity", INVALID, "Identity absent.example is invalid. Must be a verified email address or domain.", Identity="absent.example", NotificationType="Bounce", SnsTopic=TOPIC),
    one("PutIdentityPolicy", "no such identity", INVALID, "Identity does not exist: absent.example", Identity="absent.example", PolicyName="p", Policy=POLICY),
    one("PutIdentityPolicy", "a policy that is none", "InvalidPolicy", "…", Identity="example.org", PolicyName="p", Policy="{"),
    one("PutIdentityPolicy", "a name with a space", INVALID, "PolicyName is invalid. Policy names must only include alpha-numeric characters, dashes, and underscores.", Identity="example.org", PolicyName="a b", Policy=POLICY),
    one("CreateConfigurationSet", "exists", "ConfigurationSetAlreadyExists", "Configuration set <set> already exists.", ConfigurationSet={"Name": "set"}),
    one("DescribeConfigurationSet", "no such set", "ConfigurationSetDoesNotExist", NO_SET, ConfigurationSetName="absent"),
    destination("exists", "EventDestinationAlreadyExists", "An event destination with name <there> already exists for configuration set <set>.", Name="there"),
    destination("no events", INVALID, "At least one event type must be specified.", MatchingEventTypes=[]),
    destination("a name with a space", INVALID, "Invalid event destination name <a b>: only alphanumeric ASCII characters, '_', and '-' are allowed.", Name="a b"),
    destination("two targets", INVALID, "Please provide only one destination with each request. Either a Firehose Destination or a Cloudwatch Destination or an SNS Destination or an EventBridge Destination.", KinesisFirehoseDestination={"IAMRoleARN": "a", "DeliveryStreamARN": "b"}),
    destination("a topic that is none", "InvalidSNSDestination", "…", SNSDestination={"TopicARN": "topic"}),
    one("DeleteConfigurationSetEventDestination", "no such destination", "EventDestinationDoesNotExist", "An event destination with name <absent> does not exist for configuration set <set>.", ConfigurationSetName="set", EventDestinationName="absent"),
    one("CreateConfigurationSetTrackingOptions", "unverified domain", "InvalidTrackingOptions", "Domain <absent.example> is not verified under this account.", ConfigurationSetName="set", TrackingOptions={"CustomRedirectDomain": "absent.example"}),
    one("DeleteConfigurationSetTrackingOptions", "none there", "TrackingOptionsDoesNotExistException", "There are no tracking options for configuration set <set>", ConfigurationSetName="set"),
    one("CreateTemplate", "exists", "AlreadyExists", "Template t already exists.", Template={"TemplateName": "t", "SubjectPart": "s"}),
    one("CreateTemplate", "no subject", INVALID, "The subject must be specified.", Template={"TemplateName": "u"}),
    one("CreateTemplate", "a template that is none", "InvalidTemplate", "…", Template={"TemplateName": "u", "SubjectPart": "{{#if}"}),
    one("TestRenderTemplate", "data that are none", "InvalidRenderingParameter", "Template rendering data is invalid…", TemplateName="t", TemplateData="{"),
    one("TestRenderTemplate", "an absent attribute", "MissingRenderingAttribute", "Attribute 'name' is not present in the rendering data.", TemplateName="t", TemplateData="{}"),
    one("CreateCustomVerificationEmailTemplate", "unverified sender", "FromEmailAddressNotVerified", "The from email address <nobody@example.com> is not verified", TemplateName="c", FromEmailAddress="nobody@example.com", TemplateSubject="s", TemplateContent="c", SuccessRedirectionURL="https://a", FailureRedirectionURL="https://b"),
    one("CreateCustomVerificationEmailTemplate", "a URL that is none", INVALID, "The success redirection URL is invalid", TemplateName="c", FromEmailAddress=SENDER, TemplateSubject="s", TemplateContent="c", SuccessRedirectionURL="a", FailureRedirectionURL="https://b"),
    one("SendCustomVerificationEmail", "no such template", "CustomVerificationEmailTemplateDoesNotExist", "Custom verification email template <absent> does not exist", EmailAddress="a@example.com", TemplateName="absent"),
    one("CreateReceiptRuleSet", "exists", "AlreadyExists", "Rule set already exists: rules", RuleSetName="rules"),
    one("DeleteReceiptRuleSet", "active", "CannotDelete", "Cannot delete active rule set: rules", RuleSetName="rules"),
    one("SetActiveReceiptRuleSet", "no such set", "RuleSetDoesNotExist", "Rule set does not exist: absent", RuleSetName="absent"),
    one("DescribeReceiptRule", "no such rule", "RuleDoesNotExist", "Rule does not exist: absent", RuleSetName="rules", RuleName="absent"),
    rule("no such set", "RuleSetDoesNotExist", "Rule set does not exist: absent", set_name="absent"),
    rule("behind no such rule", "RuleDoesNotExist", "Rule does not exist: absent", after="absent"),
    rule("exists", "AlreadyExists", "Rule already exists: first", Name="first"),
    rule("no such function", "InvalidLambdaFunction", "Invalid Lambda function: arn:aws:lambda:us-east-1:000000000000:function:absent", Actions=[{"LambdaAction": {"FunctionArn": "arn:aws:lambda:us-east-1:000000000000:function:absent"}}]),
    rule("a topic that is none", "InvalidSnsTopic", "Invalid SNS topic: topic", Actions=[{"SNSAction": {"TopicArn": "topic"}}]),
    one("CreateReceiptFilter", "a range that is none", INVALID, "…", Filter={"Name": "f", "IpFilter": {"Policy": "Block", "Cidr": "10.0.0.0/33"}}),
    mail2("unverified sender", REJECTED, UNVERIFIED + "nobody@example.com", FromEmailAddress="nobody@example.com"),
    mail2("no sender", BAD, "Source cannot be empty", FromEmailAddress=""),
    mail2("no domain", BAD, "Missing final '@domain'", to=["nobody"]),
    mail2("no such configuration set", MISSING, NO_SET, ConfigurationSetName="absent"),
    mail2("a paused configuration set", "SendingPausedException", "Sending is paused for configuration set paused", ConfigurationSetName="paused"),
    mail2("no such template", MISSING, "Template absent does not exist…", Content={"Template": {"TemplateName": "absent", "TemplateData": "{}"}}),
    mail2("no such contact list", MISSING, "List with name: absent doesn't exist.", ListManagementOptions={"ContactListName": "absent"}),
    mail2("no such topic", BAD, "Topic absent does not exist in contact list list.", ListManagementOptions={"ContactListName": "list", "TopicName": "absent"}),
    two("CreateEmailIdentity", "exists", "AlreadyExistsException", "Email identity example.org already exist.", EmailIdentity="example.org"),
    two("CreateEmailIdentity", "no address", BAD, "Invalid email address<a@>.", EmailIdentity="a@"),
    two("GetEmailIdentity", "no such identity", MISSING, "Email identity absent.example does not exist.", EmailIdentity="absent.example"),
    two("PutEmailIdentityDkimAttributes", "no such identity", BAD, "Domain absent.example is not verified for DKIM signing.", EmailIdentity="absent.example", SigningEnabled=True),
    two("PutEmailIdentityDkimSigningAttributes", "an address", BAD, "The EmailIdentity value must be a valid domain.", EmailIdentity=SENDER, SigningAttributesOrigin="AWS_SES"),
    two("UpdateEmailIdentityPolicy", "no such policy", MISSING, "Policy <absent> does not exist", EmailIdentity="example.org", PolicyName="absent", Policy=POLICY),
    two("CreateConfigurationSet", "exists", "AlreadyExistsException", "Configuration set <set> already exists.", ConfigurationSetName="set"),
    two("PutConfigurationSetDeliveryOptions", "no such pool", BAD, "SendingPool <absent> doesn't exist", ConfigurationSetName="set", SendingPoolName="absent"),
    two("CreateDedicatedIpPool", "exists", "AlreadyExistsException", "The pool <pool> already exists.", PoolName="pool"),
    two("GetDedicatedIpPool", "no such pool", MISSING, "The requested pool <absent> does not exist.", PoolName="absent"),
    two("GetSuppressedDestination", "not suppressed", MISSING, "Email address a@example.org does not exist on your suppression list.", EmailAddress="a@example.org"),
    two("CreateContactList", "a second one", BAD, "A maximum of 1 Lists allowed per account.", ContactListName="other"),
    contact("exists", "AlreadyExistsException", "c@example.org already exists in List.", EmailAddress="c@example.org"),
    contact("no address", BAD, "EmailAddress <nobody> is invalid", EmailAddress="nobody"),
    contact("no such topic", BAD, "List: list doesn't contain Topic: absent", TopicPreferences=[{"TopicName": "absent", "SubscriptionStatus": "OPT_IN"}]),
    two("GetContact", "no such contact", MISSING, "n@example.org doesn't exist in List.", ContactListName="list", EmailAddress="n@example.org"),
    two("ListTagsForResource", "no such template", MISSING, "No Template present with name: absent", ResourceArn="arn:aws:ses:us-east-1:000000000000:template/absent"),
    two("TestRenderEmailTemplate", "an absent attribute", BAD, "Attribute 'name' is not present in the rendering data.", TemplateName="t", TemplateData="{}"),
]

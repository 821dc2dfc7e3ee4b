use tidegate_protocol::Coverage;

/// How completely each operation of version 1 is served.
pub const COVERAGE: &[(&str, Coverage)] = &[
    ("DeleteIdentity", Coverage::Complete),
    ("DeleteIdentityPolicy", Coverage::Complete),
    ("DeleteVerifiedEmailAddress", Coverage::Complete),
    ("GetAccountSendingEnabled", Coverage::Complete),
    ("GetIdentityDkimAttributes", Coverage::Complete),
    ("GetIdentityMailFromDomainAttributes", Coverage::Complete),
    ("GetIdentityNotificationAttributes", Coverage::Complete),
    ("GetIdentityPolicies", Coverage::Complete),
    ("GetIdentityVerificationAttributes", Coverage::Complete),
    ("GetSendQuota", Coverage::Complete),
    ("GetSendStatistics", Coverage::Complete),
    ("ListIdentities", Coverage::Complete),
    ("ListIdentityPolicies", Coverage::Complete),
    ("ListVerifiedEmailAddresses", Coverage::Complete),
    ("PutIdentityPolicy", Coverage::Complete),
    ("SendEmail", Coverage::Complete),
    ("SendRawEmail", Coverage::Complete),
    ("SetIdentityDkimEnabled", Coverage::Complete),
    ("SetIdentityFeedbackForwardingEnabled", Coverage::Complete),
    ("SetIdentityHeadersInNotificationsEnabled", Coverage::Complete),
    ("SetIdentityMailFromDomain", Coverage::Complete),
    ("SetIdentityNotificationTopic", Coverage::Complete),
    ("UpdateAccountSendingEnabled", Coverage::Complete),
    ("VerifyDomainDkim", Coverage::Complete),
    ("VerifyDomainIdentity", Coverage::Complete),
    ("VerifyEmailAddress", Coverage::Complete),
    ("VerifyEmailIdentity", Coverage::Complete),
];

/// How completely each operation of version 2 is served.
pub const V2_COVERAGE: &[(&str, Coverage)] = &[];

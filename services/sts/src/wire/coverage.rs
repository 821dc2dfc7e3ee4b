use tidegate_protocol::Coverage;

/// How completely each operation is served.
pub const COVERAGE: &[(&str, Coverage)] = &[
    ("AssumeRole", Coverage::Partial("provided contexts are not evaluated")),
    ("AssumeRoleWithSAML", Coverage::Partial("assertions that are encrypted are refused")),
    ("AssumeRoleWithWebIdentity", Coverage::Partial("tokens of OpenID Connect providers; ProviderId is not looked at")),
    ("DecodeAuthorizationMessage", Coverage::Complete),
    ("GetAccessKeyInfo", Coverage::Partial("knows the keys that were issued here")),
    ("GetCallerIdentity", Coverage::Complete),
    ("GetFederationToken", Coverage::Complete),
    ("GetSessionToken", Coverage::Complete),
];

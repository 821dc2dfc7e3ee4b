use tidegate_protocol::Coverage;

/// How completely each operation is served.
pub const COVERAGE: &[(&str, Coverage)] = &[
    ("AssumeRole", Coverage::Partial("provided contexts are not evaluated")),
    (
        "AssumeRoleWithSAML",
        Coverage::Partial(
            "refuses assertions that are encrypted, and signatures of EC keys and of RSA keys below 2048 bits",
        ),
    ),
    ("AssumeRoleWithWebIdentity", Coverage::Partial("tokens of OpenID Connect providers; ProviderId is not looked at")),
    (
        "DecodeAuthorizationMessage",
        Coverage::Partial("refusals carry no encoded messages, so every message is unknown"),
    ),
    ("GetAccessKeyInfo", Coverage::Partial("knows the keys that were issued here")),
    ("GetCallerIdentity", Coverage::Complete),
    ("GetFederationToken", Coverage::Complete),
    ("GetSessionToken", Coverage::Complete),
];

//! How each entity is written.

use std::collections::BTreeMap;

use tidegate_record::{DecodeError, Reader, Stored, Writer};

use super::devices;
use crate::domain::{
    AccessKey, Account, Grants, Group, Header, InstanceProfile, Login, OidcProvider, PasswordPolicy, Policy, Role, Row,
    SamlProvider, Thing, User, Version,
};

pub(super) fn write_pairs(to: &mut Writer, pairs: &BTreeMap<String, String>) {
    to.list(pairs.iter(), |to, (key, value)| {
        to.text(key);
        to.text(value);
    });
}

pub(super) fn read_pairs(from: &mut Reader<'_>) -> Result<BTreeMap<String, String>, DecodeError> {
    from.list(|from| Ok((from.text()?, from.text()?)))
}

fn write_texts(to: &mut Writer, texts: &[String]) {
    to.list(texts.iter(), |to, text| to.text(text));
}

pub(super) fn write_header(to: &mut Writer, header: &Header) {
    to.text(&header.name);
    to.text(&header.path);
    to.text(&header.id);
    to.timestamp(header.created_at);
}

pub(super) fn read_header(from: &mut Reader<'_>) -> Result<Header, DecodeError> {
    Ok(Header { name: from.text()?, path: from.text()?, id: from.text()?, created_at: from.timestamp()? })
}

fn write_grants(to: &mut Writer, grants: &Grants) {
    write_pairs(to, &grants.inline);
    write_texts(to, &grants.attached);
    to.option(grants.boundary.as_deref(), Writer::text);
}

fn read_grants(from: &mut Reader<'_>) -> Result<Grants, DecodeError> {
    Ok(Grants { inline: read_pairs(from)?, attached: from.list(Reader::text)?, boundary: from.option(Reader::text)? })
}

impl Row for User {
    const THING: Thing = Thing::User;
    const KIND: u8 = 1;
    fn name(&self) -> &str {
        &self.header.name
    }
}

impl Stored for User {
    const NAME: &'static str = "iam user";
    const VERSION: u8 = 1;

    fn write(&self, to: &mut Writer) {
        write_header(to, &self.header);
        write_grants(to, &self.grants);
        write_pairs(to, &self.tags);
        to.list(self.groups.iter(), |to, group| to.text(group));
        to.list(self.keys.iter(), |to, key| {
            to.text(&key.id);
            to.text(&key.secret);
            to.bool(key.active);
            to.timestamp(key.created_at);
        });
        to.option(self.login.as_ref(), |to, login| {
            to.array(&login.salt);
            to.array(&login.verifier);
            to.timestamp(login.created_at);
            to.bool(login.reset_required);
        });
        devices::write(to, self);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(User {
            header: read_header(from)?,
            grants: read_grants(from)?,
            tags: read_pairs(from)?,
            groups: from.list(Reader::text)?,
            keys: from.list(|from| {
                Ok(AccessKey {
                    id: from.text()?,
                    secret: from.text()?,
                    active: from.bool()?,
                    created_at: from.timestamp()?,
                })
            })?,
            login: from.option(|from| {
                Ok(Login {
                    salt: from.array()?,
                    verifier: from.array()?,
                    created_at: from.timestamp()?,
                    reset_required: from.bool()?,
                })
            })?,
            certificates: devices::read_certificates(from)?,
            ssh_keys: devices::read_ssh_keys(from)?,
            service_credentials: devices::read_service_credentials(from)?,
        })
    }
}

impl Row for Group {
    const THING: Thing = Thing::Group;
    const KIND: u8 = 2;
    fn name(&self) -> &str {
        &self.header.name
    }
}

impl Stored for Group {
    const NAME: &'static str = "iam group";
    const VERSION: u8 = 1;

    fn write(&self, to: &mut Writer) {
        write_header(to, &self.header);
        write_grants(to, &self.grants);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Group { header: read_header(from)?, grants: read_grants(from)? })
    }
}

impl Row for Role {
    const THING: Thing = Thing::Role;
    const KIND: u8 = 3;
    fn name(&self) -> &str {
        &self.header.name
    }
}

impl Stored for Role {
    const NAME: &'static str = "iam role";
    const VERSION: u8 = 1;

    fn write(&self, to: &mut Writer) {
        write_header(to, &self.header);
        write_grants(to, &self.grants);
        write_pairs(to, &self.tags);
        to.text(&self.trust);
        to.option(self.description.as_deref(), Writer::text);
        to.u32(self.max_session_seconds);
        to.option(self.linked_service.as_deref(), Writer::text);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Role {
            header: read_header(from)?,
            grants: read_grants(from)?,
            tags: read_pairs(from)?,
            trust: from.text()?,
            description: from.option(Reader::text)?,
            max_session_seconds: from.u32()?,
            linked_service: from.option(Reader::text)?,
        })
    }
}

impl Row for Policy {
    const THING: Thing = Thing::Policy;
    const KIND: u8 = 4;
    fn name(&self) -> &str {
        &self.header.name
    }
}

impl Stored for Policy {
    const NAME: &'static str = "iam policy";
    const VERSION: u8 = 1;

    fn write(&self, to: &mut Writer) {
        write_header(to, &self.header);
        to.option(self.description.as_deref(), Writer::text);
        to.timestamp(self.updated_at);
        to.list(self.versions.iter(), |to, version| {
            to.u32(version.number);
            to.text(&version.document);
            to.timestamp(version.created_at);
        });
        to.u32(self.default_version);
        to.u32(self.next_version);
        write_pairs(to, &self.tags);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let policy = Policy {
            header: read_header(from)?,
            description: from.option(Reader::text)?,
            updated_at: from.timestamp()?,
            versions: from.list(|from| {
                Ok(Version { number: from.u32()?, document: from.text()?, created_at: from.timestamp()? })
            })?,
            default_version: from.u32()?,
            next_version: from.u32()?,
            tags: read_pairs(from)?,
        };
        match policy.versions.iter().any(|version| version.number == policy.default_version) {
            true => Ok(policy),
            false => Err(from.malformed("a policy without its default version")),
        }
    }
}

impl Row for InstanceProfile {
    const THING: Thing = Thing::InstanceProfile;
    const KIND: u8 = 5;
    fn name(&self) -> &str {
        &self.header.name
    }
}

impl Stored for InstanceProfile {
    const NAME: &'static str = "iam instance profile";
    const VERSION: u8 = 1;

    fn write(&self, to: &mut Writer) {
        write_header(to, &self.header);
        to.option(self.role.as_deref(), Writer::text);
        write_pairs(to, &self.tags);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(InstanceProfile { header: read_header(from)?, role: from.option(Reader::text)?, tags: read_pairs(from)? })
    }
}

impl Row for OidcProvider {
    const THING: Thing = Thing::OidcProvider;
    const KIND: u8 = 6;
    fn name(&self) -> &str {
        &self.url
    }
}

impl Stored for OidcProvider {
    const NAME: &'static str = "iam oidc provider";
    const VERSION: u8 = 1;

    fn write(&self, to: &mut Writer) {
        to.text(&self.url);
        write_texts(to, &self.client_ids);
        write_texts(to, &self.thumbprints);
        to.timestamp(self.created_at);
        write_pairs(to, &self.tags);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(OidcProvider {
            url: from.text()?,
            client_ids: from.list(Reader::text)?,
            thumbprints: from.list(Reader::text)?,
            created_at: from.timestamp()?,
            tags: read_pairs(from)?,
        })
    }
}

impl Row for SamlProvider {
    const THING: Thing = Thing::SamlProvider;
    const KIND: u8 = 7;
    fn name(&self) -> &str {
        &self.name
    }
}

impl Stored for SamlProvider {
    const NAME: &'static str = "iam saml provider";
    const VERSION: u8 = 1;

    fn write(&self, to: &mut Writer) {
        to.text(&self.name);
        to.text(&self.id);
        to.text(&self.metadata);
        to.timestamp(self.created_at);
        to.option(self.encryption_mode.as_deref(), Writer::text);
        to.list(self.private_keys.iter(), |to, (id, at)| {
            to.text(id);
            to.timestamp(*at);
        });
        write_pairs(to, &self.tags);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(SamlProvider {
            name: from.text()?,
            id: from.text()?,
            metadata: from.text()?,
            created_at: from.timestamp()?,
            encryption_mode: from.option(Reader::text)?,
            private_keys: from.list(|from| Ok((from.text()?, from.timestamp()?)))?,
            tags: read_pairs(from)?,
        })
    }
}

impl Row for Account {
    const THING: Thing = Thing::Alias;
    const KIND: u8 = 8;
    fn name(&self) -> &str {
        ""
    }
}

impl Stored for Account {
    const NAME: &'static str = "iam account";
    const VERSION: u8 = 1;

    fn write(&self, to: &mut Writer) {
        to.option(self.alias.as_deref(), Writer::text);
        to.option(self.password_policy.as_ref(), write_password_policy);
        to.option(self.report.as_ref(), |to, (at, text)| {
            to.timestamp(*at);
            to.text(text);
        });
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Account {
            alias: from.option(Reader::text)?,
            password_policy: from.option(read_password_policy)?,
            report: from.option(|from| Ok((from.timestamp()?, from.text()?)))?,
        })
    }
}

fn write_password_policy(to: &mut Writer, policy: &PasswordPolicy) {
    to.u32(policy.minimum_length);
    for rule in [policy.symbols, policy.numbers, policy.uppercase, policy.lowercase, policy.users_may_change] {
        to.bool(rule);
    }
    to.option(policy.max_age_days, Writer::u32);
    to.option(policy.reuse_prevention, Writer::u32);
    to.option(policy.hard_expiry, Writer::bool);
}

fn read_password_policy(from: &mut Reader<'_>) -> Result<PasswordPolicy, DecodeError> {
    Ok(PasswordPolicy {
        minimum_length: from.u32()?,
        symbols: from.bool()?,
        numbers: from.bool()?,
        uppercase: from.bool()?,
        lowercase: from.bool()?,
        users_may_change: from.bool()?,
        max_age_days: from.option(Reader::u32)?,
        reuse_prevention: from.option(Reader::u32)?,
        hard_expiry: from.option(Reader::bool)?,
    })
}

#[cfg(test)]
mod tests {
    use tidegate_record::testing::assert_golden;
    use tidegate_types::Timestamp;

    use super::*;
    use crate::domain::{MfaDevice, ServerCertificate, ServiceCredential, SigningCertificate, SshKey};

    fn text(text: &str) -> String {
        text.to_owned()
    }

    fn at(ms: u64) -> Timestamp {
        Timestamp::from_millis(ms)
    }

    fn header() -> Header {
        Header { name: text("N"), path: text("/"), id: text("I"), created_at: at(1) }
    }

    fn pairs() -> BTreeMap<String, String> {
        BTreeMap::from([(text("k"), text("v"))])
    }

    fn grants() -> Grants {
        Grants { inline: pairs(), attached: vec![text("a")], boundary: Some(text("b")) }
    }

    #[test]
    fn a_user() {
        let user = User {
            header: header(),
            grants: grants(),
            tags: pairs(),
            groups: [text("g")].into(),
            keys: vec![AccessKey { id: text("A"), secret: text("s"), active: true, created_at: at(2) }],
            login: Some(Login { salt: [3; 16], verifier: [4; 32], created_at: at(5), reset_required: false }),
            certificates: vec![SigningCertificate { id: text("C"), body: text("c"), active: false, created_at: at(6) }],
            ssh_keys: vec![SshKey { id: text("S"), body: text("k"), active: true, created_at: at(7) }],
            service_credentials: vec![ServiceCredential {
                id: text("D"),
                service: text("e"),
                user_name: text("u"),
                password: text("p"),
                active: true,
                created_at: at(8),
            }],
        };
        assert_golden(
            "01014e012f01490101016b017601016101016201016b01760101670101410173010201030303030303030303030303030303030404040404040404040404040404040404040404040404040404040404040404050001014301630006010153016b01070101440165017501700108",
            &user,
        );
    }

    #[test]
    fn groups_and_roles() {
        assert_golden("01014e012f014901000000", &Group { header: header(), grants: Grants::default() });
        let role = Role {
            header: header(),
            grants: grants(),
            tags: pairs(),
            trust: text("{}"),
            description: Some(text("d")),
            max_session_seconds: 3600,
            linked_service: None,
        };
        assert_golden("01014e012f01490101016b017601016101016201016b0176027b7d010164901c00", &role);
    }

    #[test]
    fn policies_and_profiles() {
        let policy = Policy {
            header: header(),
            description: None,
            updated_at: at(2),
            versions: vec![Version { number: 1, document: text("{}"), created_at: at(1) }],
            default_version: 1,
            next_version: 2,
            tags: pairs(),
        };
        assert_golden("01014e012f01490100020101027b7d01010201016b0176", &policy);
        let lost = Policy { default_version: 9, ..policy };
        assert!(Policy::decode(&lost.encode()).is_err(), "a policy without its default version is none");
        assert_golden(
            "01014e012f01490101017201016b0176",
            &InstanceProfile { header: header(), role: Some(text("r")), tags: pairs() },
        );
    }

    #[test]
    fn providers() {
        let oidc = OidcProvider {
            url: text("u"),
            client_ids: vec![text("c")],
            thumbprints: vec![text("t")],
            created_at: at(1),
            tags: pairs(),
        };
        assert_golden("0101750101630101740101016b0176", &oidc);
        let saml = SamlProvider {
            name: text("N"),
            id: text("I"),
            metadata: text("<>"),
            created_at: at(1),
            encryption_mode: Some(text("m")),
            private_keys: vec![(text("k"), at(2))],
            tags: pairs(),
        };
        assert_golden("01014e0149023c3e0101016d01016b0201016b0176", &saml);
    }

    #[test]
    fn devices_and_certificates() {
        let device = MfaDevice { header: header(), seed: vec![1, 2], owner: Some((text("u"), at(3))), tags: pairs() };
        assert_golden("01014e012f0149010201020101750301016b0176", &device);
        let certificate =
            ServerCertificate { header: header(), body: text("b"), chain: Some(text("c")), tags: pairs() };
        assert_golden("01014e012f014901016201016301016b0176", &certificate);
    }

    #[test]
    fn an_account() {
        let policy = PasswordPolicy { max_age_days: Some(90), hard_expiry: Some(true), ..PasswordPolicy::DEFAULT };
        let account =
            Account { alias: Some(text("a")), password_policy: Some(policy), report: Some((at(1), text("r"))) };
        assert_golden("0101016101060000000000015a00010101010172", &account);
    }
}

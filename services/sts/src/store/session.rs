use tidegate_record::{DecodeError, Reader, Stored, Writer};
use tidegate_types::Timestamp;

/// Temporary credentials, and all that they stand for. The access key is the record's key.
#[derive(Clone, PartialEq, Eq)]
pub struct SessionRecord {
    /// What signatures are made with.
    pub secret: String,
    /// What must come with each request.
    pub token: String,
    /// When it ends, by the wall clock.
    pub expires_at: Timestamp,
    /// The account, in digits.
    pub account: String,
    /// The caller's ARN.
    pub arn: String,
    /// Of a role's session: the role's ARN.
    pub role_arn: Option<String>,
    /// `AROA…:name` and the like.
    pub user_id: String,
    /// Of a user's session: the user's name.
    pub user_name: Option<String>,
    /// Whose policies hold.
    pub policies_of: Option<String>,
    /// The unique id of the role or user whose policies hold: a name may be given anew. A federated session of
    /// version 1 has none.
    pub owner_id: Option<String>,
    /// What limits it: names and documents.
    pub policies: Option<Vec<(String, String)>>,
    /// Its tags.
    pub tags: Vec<(String, String)>,
    /// The keys of those tags that go on to sessions made by this one.
    pub transitive: Vec<String>,
    /// Condition keys that it brings along.
    pub keys: Vec<(String, Vec<String>)>,
}

/// Secrets and tokens are never printed.
impl std::fmt::Debug for SessionRecord {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SessionRecord")
            .field("arn", &self.arn)
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

fn write_pair(to: &mut Writer, (key, value): &(String, String)) {
    to.text(key);
    to.text(value);
}

fn read_pair(from: &mut Reader<'_>) -> Result<(String, String), DecodeError> {
    Ok((from.text()?, from.text()?))
}

impl Stored for SessionRecord {
    const NAME: &'static str = "sts session";
    const VERSION: u8 = 2;

    fn write(&self, to: &mut Writer) {
        to.text(&self.secret);
        to.text(&self.token);
        to.timestamp(self.expires_at);
        to.text(&self.account);
        to.text(&self.arn);
        to.option(self.role_arn.as_deref(), Writer::text);
        to.text(&self.user_id);
        to.option(self.user_name.as_deref(), Writer::text);
        to.option(self.policies_of.as_deref(), Writer::text);
        to.option(self.policies.as_ref(), |to, policies| to.list(policies.iter(), write_pair));
        to.list(self.tags.iter(), write_pair);
        to.list(self.transitive.iter(), |to, key| to.text(key));
        to.list(self.keys.iter(), |to, (key, values)| {
            to.text(key);
            to.list(values.iter(), |to, value| to.text(value));
        });
        to.option(self.owner_id.as_deref(), Writer::text);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let read = read_first(from)?;
        Ok(SessionRecord { owner_id: from.option(Reader::text)?, ..read })
    }

    fn read_older(version: u8, from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        if version != 1 {
            return Err(DecodeError::UnknownVersion { record: Self::NAME, found: version });
        }
        let read = read_first(from)?;
        // Of a role's session the id is the role's and the session's name; of a user's it is the user's.
        let is_owners = read.role_arn.is_some() || read.user_name.is_some();
        let owner_id = read.user_id.split(':').next().filter(|_| is_owners).map(str::to_owned);
        Ok(SessionRecord { owner_id, ..read })
    }
}

/// What version 1 had.
fn read_first(from: &mut Reader<'_>) -> Result<SessionRecord, DecodeError> {
    Ok(SessionRecord {
        secret: from.text()?,
        token: from.text()?,
        expires_at: from.timestamp()?,
        account: from.text()?,
        arn: from.text()?,
        role_arn: from.option(Reader::text)?,
        user_id: from.text()?,
        user_name: from.option(Reader::text)?,
        policies_of: from.option(Reader::text)?,
        policies: from.option(|from| from.list(read_pair))?,
        tags: from.list(read_pair)?,
        transitive: from.list(Reader::text)?,
        keys: from.list(|from| Ok((from.text()?, from.list(Reader::text)?)))?,
        owner_id: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn golden_bytes() {
        let text = str::to_owned;
        let session = SessionRecord {
            secret: text("s"),
            token: text("t"),
            expires_at: Timestamp::from_millis(300),
            account: text("1"),
            arn: text("a"),
            role_arn: Some(text("r")),
            user_id: text("u:s"),
            owner_id: Some(text("u")),
            user_name: None,
            policies_of: Some(text("r")),
            policies: Some(vec![(text("n"), text("{}"))]),
            tags: vec![(text("k"), text("v"))],
            transitive: vec![text("k")],
            keys: vec![(text("c"), vec![text("x")])],
        };
        let first =
            "730174ac0201310161010172 03753a73 000101720101016e027b7d01016b017601016b010163010178".replace(' ', "");
        tidegate_record::testing::assert_golden(&format!("0201{first}010175"), &session);
        tidegate_record::testing::assert_reads_older(&format!("0101{first}"), &session);
    }
}

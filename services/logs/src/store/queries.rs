use tidegate_record::{DecodeError, Reader, Stored, Writer};
use tidegate_types::{AccountId, Region, Timestamp};

use crate::domain::{GroupAddress, QueryState};

/// A query of Insights. Its owner and id are its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueryRecord {
    /// Its text, as its owner wrote it.
    pub text: String,
    /// Whose events it reads.
    pub groups: Vec<GroupAddress>,
    /// For each of its readings in order: the groups that it chooses by itself, or none where it reads the query's. They
    /// are those that its owner was allowed to read, whatever is created later.
    pub chosen: Vec<Vec<GroupAddress>>,
    /// From this time on.
    pub from_ms: u64,
    /// Up to this time, itself excluded.
    pub to_ms: u64,
    /// At most so many rows, unless its text says otherwise.
    pub limit: u32,
    /// Who asked.
    pub owner: String,
    /// When.
    pub created_at: Timestamp,
    /// How it stands.
    pub state: QueryState,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// What it looked at.
    pub scanned: Scanned,
}

impl QueryRecord {
    fn read_first(from: &mut Reader<'_>) -> Result<QueryRecord, DecodeError> {
        Ok(QueryRecord {
            text: from.text()?,
            groups: from.list(read_address)?,
            chosen: Vec::new(),
            from_ms: from.varint()?,
            to_ms: from.varint()?,
            limit: from.u32()?,
            owner: from.text()?,
            created_at: from.timestamp()?,
            state: match from.u8()? {
                0 => QueryState::Unfinished,
                1 => QueryState::Complete,
                2 => QueryState::Failed,
                3 => QueryState::Cancelled,
                4 => QueryState::TimedOut,
                _ => return Err(from.malformed("an unknown state of queries")),
            },
            ended_at: from.option(Reader::timestamp)?,
            scanned: Scanned { records: from.varint()?, matched: from.varint()?, bytes: from.varint()? },
        })
    }
}

/// What a query looked at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Scanned {
    /// How many events.
    pub records: u64,
    /// How many of them matched.
    pub matched: u64,
    /// How many bytes of messages.
    pub bytes: u64,
}

impl Stored for QueryRecord {
    const NAME: &'static str = "logs query";
    const VERSION: u8 = 2;

    fn write(&self, to: &mut Writer) {
        to.text(&self.text);
        to.list(self.groups.iter(), write_address);
        to.varint(self.from_ms);
        to.varint(self.to_ms);
        to.u32(self.limit);
        to.text(&self.owner);
        to.timestamp(self.created_at);
        to.u8(match self.state {
            QueryState::Unfinished => 0,
            QueryState::Complete => 1,
            QueryState::Failed => 2,
            QueryState::Cancelled => 3,
            QueryState::TimedOut => 4,
        });
        to.option(self.ended_at, Writer::timestamp);
        to.varint(self.scanned.records);
        to.varint(self.scanned.matched);
        to.varint(self.scanned.bytes);
        to.list(self.chosen.iter(), |to, groups| to.list(groups.iter(), write_address));
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let before = QueryRecord::read_first(from)?;
        Ok(QueryRecord { chosen: from.list(|from| from.list(read_address))?, ..before })
    }

    /// Version 1 did not know what else than its own groups a query reads.
    fn read_older(version: u8, from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        match version {
            1 => QueryRecord::read_first(from),
            found => Err(DecodeError::UnknownVersion { record: Self::NAME, found }),
        }
    }
}

fn write_address(to: &mut Writer, group: &GroupAddress) {
    to.varint(group.account.as_u64());
    to.text(group.region.as_str());
    to.text(&group.name);
}

fn read_address(from: &mut Reader<'_>) -> Result<GroupAddress, DecodeError> {
    let account = format!("{:012}", from.varint()?);
    let account: AccountId = account.parse().map_err(|_| from.malformed("an account of too many digits"))?;
    let region: Region = from.text()?.parse().map_err(|_| from.malformed("not a region"))?;
    Ok(GroupAddress { account, region, name: from.text()? })
}

/// Some rows of a query's answer. The query's id and the number of the first row are its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResultPageRecord {
    /// Fields with their values.
    pub rows: Vec<Vec<(String, String)>>,
}

impl Stored for ResultPageRecord {
    const NAME: &'static str = "rows of a logs query";
    const VERSION: u8 = 1;

    fn write(&self, to: &mut Writer) {
        to.list(self.rows.iter(), |to, row| {
            to.list(row.iter(), |to, (field, value)| {
                to.text(field);
                to.text(value);
            });
        });
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(ResultPageRecord { rows: from.list(|from| from.list(|from| Ok((from.text()?, from.text()?))))? })
    }
}

/// A query that was saved. Its owner and id are its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueryDefinitionRecord {
    /// Its name; folders are part of it.
    pub name: String,
    /// Its text.
    pub text: String,
    /// The language that the text is in, if its owner said so.
    pub language: Option<String>,
    /// The groups that it is for.
    pub groups: Vec<String>,
    /// Placeholders in the text: name, default and description.
    pub parameters: Vec<(String, Option<String>, Option<String>)>,
    /// When it was last written.
    pub updated_at: Timestamp,
}

impl Stored for QueryDefinitionRecord {
    const NAME: &'static str = "logs query definition";
    const VERSION: u8 = 1;

    fn write(&self, to: &mut Writer) {
        to.text(&self.name);
        to.text(&self.text);
        to.option(self.language.as_deref(), Writer::text);
        to.list(self.groups.iter(), |to, group| to.text(group));
        to.list(self.parameters.iter(), |to, (name, default, description)| {
            to.text(name);
            to.option(default.as_deref(), Writer::text);
            to.option(description.as_deref(), Writer::text);
        });
        to.timestamp(self.updated_at);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(QueryDefinitionRecord {
            name: from.text()?,
            text: from.text()?,
            language: from.option(Reader::text)?,
            groups: from.list(Reader::text)?,
            parameters: from.list(|from| Ok((from.text()?, from.option(Reader::text)?, from.option(Reader::text)?)))?,
            updated_at: from.timestamp()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tidegate_record::testing::{assert_golden, assert_reads_older, assert_round_trip};

    #[test]
    fn golden_bytes() {
        let group = |name: &str| GroupAddress {
            account: AccountId::DEFAULT,
            region: Region::us_east_1(),
            name: name.to_owned(),
        };
        let query = QueryRecord {
            text: "t".to_owned(),
            groups: vec![group("g")],
            chosen: vec![vec![group("h")], Vec::new()],
            from_ms: 300,
            to_ms: 301,
            limit: 5,
            owner: "o".to_owned(),
            created_at: Timestamp::from_millis(6),
            state: QueryState::Complete,
            ended_at: Some(Timestamp::from_millis(7)),
            scanned: Scanned { records: 8, matched: 9, bytes: 10 },
        };
        let first = "017401000975732d656173742d310167ac02ad0205016f0601010708090a";
        assert_golden(&format!("02{first}0201000975732d656173742d31016800"), &query);
        assert_reads_older(&format!("01{first}"), &QueryRecord { chosen: Vec::new(), ..query.clone() });
        for state in [QueryState::Unfinished, QueryState::Failed, QueryState::Cancelled, QueryState::TimedOut] {
            assert_round_trip(&QueryRecord { state, ended_at: None, ..query.clone() });
        }
        let page = ResultPageRecord { rows: vec![vec![("f".to_owned(), "v".to_owned())], vec![]] };
        assert_golden("0102010166017600", &page);
        let definition = QueryDefinitionRecord {
            name: "n".to_owned(),
            text: "t".to_owned(),
            language: Some("CWLI".to_owned()),
            groups: vec!["g".to_owned()],
            parameters: vec![("p".to_owned(), Some("d".to_owned()), None)],
            updated_at: Timestamp::from_millis(5),
        };
        assert_golden("01016e0174010443574c490101670101700101640005", &definition);
    }
}

use std::collections::BTreeMap;

use tidegate_record::{DecodeError, Reader, Stored, Writer};
use tidegate_types::Timestamp;

use super::{Function, WHOLE};
use crate::domain::Qualifier;

/// How many environments are kept ready. The function and the version or alias are its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProvisionedRecord {
    /// When it was last written.
    pub modified_at: Timestamp,
    /// How many.
    pub requested: u32,
}

impl Stored for ProvisionedRecord {
    const NAME: &'static str = "lambda provisioned concurrency";
    const VERSION: u8 = 1;

    fn write(&self, to: &mut Writer) {
        to.timestamp(self.modified_at);
        to.u32(self.requested);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(ProvisionedRecord { modified_at: from.timestamp()?, requested: from.u32()? })
    }
}

impl Function {
    /// How many environments of each version are to be ready for one version or alias. An alias shares them
    /// out as it does invocations.
    pub(crate) fn provisioned_for(&self, qualifier: &str) -> BTreeMap<u64, u32> {
        let Some(record) = self.provisioned.get(qualifier) else { return BTreeMap::new() };
        let mut shares = BTreeMap::new();
        match Qualifier::parse(qualifier) {
            Qualifier::Latest => {}
            Qualifier::Version(number) => drop(shares.insert(number, record.requested)),
            Qualifier::Alias(name) => {
                let Some(alias) = self.aliases.get(&name) else { return shares };
                let mut rest = record.requested;
                for (other, share) in &alias.routing {
                    let part = u64::from(record.requested) * u64::from(*share) / u64::from(WHOLE);
                    let part = (part as u32).min(rest);
                    rest -= part;
                    *shares.entry(*other).or_default() += part;
                }
                *shares.entry(alias.version).or_default() += rest;
            }
        }
        shares.retain(|number, count| *count > 0 && self.versions.contains_key(number));
        shares
    }

    /// How many environments of each version are to be ready, for all that ask for some.
    pub(crate) fn to_be_ready(&self) -> BTreeMap<u64, u32> {
        let mut all = BTreeMap::new();
        for qualifier in self.provisioned.keys() {
            for (number, count) in self.provisioned_for(qualifier) {
                *all.entry(number).or_default() += count;
            }
        }
        all
    }

    /// How many are asked for together.
    pub(crate) fn provisioned_together(&self) -> u32 {
        self.provisioned.values().map(|record| record.requested).sum()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::store::{Address, AliasRecord, FunctionRecord};
    use tidegate_record::testing::assert_golden;
    use tidegate_types::{AccountId, Region};

    #[test]
    fn golden_bytes() {
        assert_golden("010503", &ProvisionedRecord { modified_at: Timestamp::from_millis(5), requested: 3 });
    }

    #[test]
    fn an_alias_shares_its_environments_out_as_its_invocations() {
        let record = |requested| ProvisionedRecord { modified_at: Timestamp::from_millis(5), requested };
        let version = Arc::new(super::super::version::tests::version());
        let alias = AliasRecord {
            revision: String::new(),
            version: 1,
            description: String::new(),
            routing: BTreeMap::from([(2, WHOLE / 4)]),
        };
        let function = Function {
            address: Address { account: AccountId::DEFAULT, region: Region::us_east_1(), name: "f".to_owned() },
            record: FunctionRecord {
                id: 7,
                created_at: Timestamp::from_millis(5),
                next_version: 3,
                reserved: None,
                ends_recursion: true,
                tags: BTreeMap::new(),
            },
            versions: (0..3).map(|number| (number, version.clone())).collect(),
            aliases: BTreeMap::from([("live".to_owned(), alias)]),
            policies: BTreeMap::new(),
            invoke_configs: BTreeMap::new(),
            urls: BTreeMap::new(),
            provisioned: BTreeMap::from([
                ("live".to_owned(), record(10)),
                ("2".to_owned(), record(1)),
                ("9".to_owned(), record(1)),
            ]),
            runtime_management: BTreeMap::new(),
            signed_by: None,
        };
        assert_eq!(function.provisioned_for("live"), BTreeMap::from([(1, 8), (2, 2)]));
        // A version that is gone has none.
        assert_eq!(function.to_be_ready(), BTreeMap::from([(1, 8), (2, 3)]));
        assert_eq!(function.provisioned_together(), 12);
    }
}

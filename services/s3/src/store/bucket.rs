use tidegate_record::{DecodeError, Reader, Stored, Writer};
use tidegate_types::{AccountId, Region, Timestamp};

/// The number under which what belongs to a bucket lies; one that is created again has another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BucketId(pub u64);

/// A bucket. Its name, which no two buckets of any accounts share, is its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BucketRecord {
    /// The number under which its objects lie.
    pub id: BucketId,
    /// Whose it is.
    pub account: AccountId,
    /// Where it was created.
    pub region: Region,
    /// When it was created.
    pub created_at: Timestamp,
    /// What happens to a version that is replaced.
    pub versioning: Versioning,
    /// Whether its objects can be locked. Once true it stays so.
    pub has_lock: bool,
    /// The lock that new versions get.
    pub default_lock: Option<DefaultLock>,
    /// Whether it is about to be deleted: nothing may be written into it.
    pub is_going: bool,
}

/// What happens to a version that is replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Versioning {
    /// It is gone.
    Never,
    /// It becomes an older one.
    Enabled,
    /// It becomes an older one, unless it is called `null`.
    Suspended,
}

/// How strictly a version is locked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LockMode {
    /// Some may remove it.
    Governance,
    /// Nobody may.
    Compliance,
}

/// For how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LockPeriod {
    /// So many days.
    Days(u32),
    /// So many years of 365 days.
    Years(u32),
}

/// The lock that new versions get.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DefaultLock {
    /// How strictly.
    pub mode: LockMode,
    /// For how long.
    pub period: LockPeriod,
}

impl LockMode {
    pub(super) fn write(self, to: &mut Writer) {
        to.u8(match self {
            LockMode::Governance => 0,
            LockMode::Compliance => 1,
        });
    }

    pub(super) fn read(from: &mut Reader<'_>) -> Result<LockMode, DecodeError> {
        match from.u8()? {
            0 => Ok(LockMode::Governance),
            1 => Ok(LockMode::Compliance),
            _ => Err(from.malformed("an unknown mode of locks")),
        }
    }
}

impl Stored for BucketRecord {
    const NAME: &'static str = "bucket";
    const VERSION: u8 = 1;

    fn write(&self, to: &mut Writer) {
        to.fixed_u64(self.id.0);
        to.varint(self.account.as_u64());
        to.text(self.region.as_str());
        to.timestamp(self.created_at);
        to.u8(match self.versioning {
            Versioning::Never => 0,
            Versioning::Enabled => 1,
            Versioning::Suspended => 2,
        });
        to.bool(self.has_lock);
        to.option(self.default_lock, |to, lock| {
            lock.mode.write(to);
            let (unit, count) = match lock.period {
                LockPeriod::Days(days) => (0, days),
                LockPeriod::Years(years) => (1, years),
            };
            to.u8(unit);
            to.varint(u64::from(count));
        });
        to.bool(self.is_going);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(BucketRecord {
            id: BucketId(from.fixed_u64()?),
            account: read_account(from)?,
            region: from.str()?.parse().map_err(|_| from.malformed("not a region"))?,
            created_at: from.timestamp()?,
            versioning: match from.u8()? {
                0 => Versioning::Never,
                1 => Versioning::Enabled,
                2 => Versioning::Suspended,
                _ => return Err(from.malformed("an unknown state of versioning")),
            },
            has_lock: from.bool()?,
            default_lock: from.option(|from| {
                let mode = LockMode::read(from)?;
                let unit = from.u8()?;
                let count = from.u32()?;
                let period = match unit {
                    0 => LockPeriod::Days(count),
                    1 => LockPeriod::Years(count),
                    _ => return Err(from.malformed("an unknown unit of time")),
                };
                Ok(DefaultLock { mode, period })
            })?,
            is_going: from.bool()?,
        })
    }
}

pub(super) fn read_account(from: &mut Reader<'_>) -> Result<AccountId, DecodeError> {
    let malformed = "an account of too many digits";
    let (mut number, mut digits) = (from.varint()?, [b'0'; 12]);
    for digit in digits.iter_mut().rev() {
        *digit += (number % 10) as u8;
        number /= 10;
    }
    let text = std::str::from_utf8(&digits).ok().filter(|_| number == 0);
    text.and_then(|text| text.parse().ok()).ok_or_else(|| from.malformed(malformed))
}

#[cfg(test)]
mod tests {
    use super::*;
    use tidegate_record::testing::{assert_golden, assert_round_trip};

    #[test]
    fn golden_bytes() {
        let bucket = BucketRecord {
            id: BucketId(0x0102),
            account: AccountId::DEFAULT,
            region: Region::us_east_1(),
            created_at: Timestamp::from_millis(3),
            versioning: Versioning::Suspended,
            has_lock: true,
            default_lock: Some(DefaultLock { mode: LockMode::Compliance, period: LockPeriod::Years(2) }),
            is_going: false,
        };
        assert_golden("010000000000000102000975732d656173742d310302010101010200", &bucket);
        let lock = DefaultLock { mode: LockMode::Governance, period: LockPeriod::Days(1) };
        assert_round_trip(&BucketRecord {
            versioning: Versioning::Enabled,
            default_lock: Some(lock),
            ..bucket.clone()
        });
        assert_round_trip(&BucketRecord {
            versioning: Versioning::Never,
            default_lock: None,
            is_going: true,
            ..bucket
        });
    }
}

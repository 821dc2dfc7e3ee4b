use std::fmt;
use std::str::FromStr;

/// A twelve-digit AWS account number.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountId(u64);

/// The text is not twelve decimal digits.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("an account id is twelve decimal digits, not {0:?}")]
pub struct InvalidAccountId(pub String);

impl AccountId {
    /// `000000000000`: the account of a caller whose access key id does not name one.
    pub const DEFAULT: AccountId = AccountId(0);

    /// The number itself, below 10^12.
    pub fn as_u64(self) -> u64 {
        self.0
    }
}

impl FromStr for AccountId {
    type Err = InvalidAccountId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let twelve_digits = text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit());
        match text.parse() {
            Ok(number) if twelve_digits => Ok(AccountId(number)),
            _ => Err(InvalidAccountId(text.to_owned())),
        }
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Every request writes it a few times, and padding by the formatter goes digit by digit.
        let (mut digits, mut rest) = ([b'0'; 12], self.0);
        for digit in digits.iter_mut().rev() {
            *digit += (rest % 10) as u8;
            rest /= 10;
        }
        f.write_str(str::from_utf8(&digits).map_err(|_| fmt::Error)?)
    }
}

impl fmt::Debug for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn twelve_digits_round_trip_and_nothing_else_parses() {
        for text in ["000000000000", "123456789012", "999999999999"] {
            assert_eq!(text.parse::<AccountId>().unwrap().to_string(), text);
        }
        for text in ["", "12345678901", "1234567890123", "12345678901a", "+12345678901"] {
            assert!(text.parse::<AccountId>().is_err(), "{text:?} must not parse");
        }
    }
}

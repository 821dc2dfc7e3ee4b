use tidegate_record::{DecodeError, Reader, Stored, Writer};

/// Who may use a function, or one version or alias of it. The function and the qualifier are its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyRecord {
    /// Changes with each change.
    pub revision: String,
    /// The statements, in order.
    pub statements: Vec<StatementRecord>,
}

/// A statement of a policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatementRecord {
    /// What it is called.
    pub sid: String,
    /// The statement, as JSON.
    pub text: String,
}

impl Stored for PolicyRecord {
    const NAME: &'static str = "lambda policy";
    const VERSION: u8 = 1;

    fn write(&self, to: &mut Writer) {
        to.text(&self.revision);
        to.list(self.statements.iter(), |to, statement| {
            to.text(&statement.sid);
            to.text(&statement.text);
        });
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(PolicyRecord {
            revision: from.text()?,
            statements: from.list(|from| Ok(StatementRecord { sid: from.text()?, text: from.text()? }))?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tidegate_record::testing::assert_golden;

    #[test]
    fn golden_bytes() {
        let statements = vec![StatementRecord { sid: "s".to_owned(), text: "{}".to_owned() }];
        assert_golden(
            "0101720101730 27b7d".replace(' ', "").as_str(),
            &PolicyRecord { revision: "r".to_owned(), statements },
        );
    }
}

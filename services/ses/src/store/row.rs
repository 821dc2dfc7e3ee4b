use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tidegate_record::{DecodeError, Reader, Stored, Writer};

/// Something that has a name within an account and a region.
pub trait Row: Serialize + DeserializeOwned + Send + Sync {
    /// What it is, in keys. Numbers are never reused.
    const KIND: u8;
    /// What errors call it.
    const NAME: &'static str;

    /// Its name, by which it is found.
    fn key(&self) -> String;
}

/// A row as it is stored: a version, and the row's fields by name as JSON.
///
/// By name, because these are settings: deep, rarely written, and a service grows a member every few months.
/// A member that an earlier release did not know is absent and gets its default; the version is for what
/// that cannot say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept<T>(pub T);

impl<T: Row> Stored for Kept<T> {
    const NAME: &'static str = T::NAME;
    const VERSION: u8 = 1;

    fn write(&self, to: &mut Writer) {
        to.bytes(&serde_json::to_vec(&self.0).expect("rows have text keys and no failing serializers"));
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let bytes: Bytes = from.bytes()?;
        serde_json::from_slice(&bytes).map(Kept).map_err(|_| from.malformed("not the fields of this record"))
    }
}

/// Which row each kind of thing is.
mod kinds {
    use super::Row;
    use crate::domain::account::{Pool, Settings, Suppressed};
    use crate::domain::configuration_set::ConfigurationSet;
    use crate::domain::contact::{Contact, ContactList};
    use crate::domain::identity::Identity;
    use crate::domain::receipt::{Filter, RuleSet};
    use crate::domain::template::{CustomTemplate, Template};

    impl Row for Settings {
        const KIND: u8 = 1;
        const NAME: &'static str = "ses settings";
        fn key(&self) -> String {
            String::new()
        }
    }

    impl Row for Identity {
        const KIND: u8 = 2;
        const NAME: &'static str = "ses identity";
        fn key(&self) -> String {
            self.name.clone()
        }
    }

    impl Row for ConfigurationSet {
        const KIND: u8 = 3;
        const NAME: &'static str = "ses configuration set";
        fn key(&self) -> String {
            self.name.clone()
        }
    }

    impl Row for Template {
        const KIND: u8 = 4;
        const NAME: &'static str = "ses template";
        fn key(&self) -> String {
            self.name.clone()
        }
    }

    impl Row for CustomTemplate {
        const KIND: u8 = 5;
        const NAME: &'static str = "ses verification template";
        fn key(&self) -> String {
            self.name.clone()
        }
    }

    impl Row for RuleSet {
        const KIND: u8 = 6;
        const NAME: &'static str = "ses rule set";
        fn key(&self) -> String {
            self.name.clone()
        }
    }

    impl Row for Filter {
        const KIND: u8 = 7;
        const NAME: &'static str = "ses filter";
        fn key(&self) -> String {
            self.name.clone()
        }
    }

    impl Row for Suppressed {
        const KIND: u8 = 8;
        const NAME: &'static str = "ses suppressed address";
        fn key(&self) -> String {
            self.address.clone()
        }
    }

    impl Row for ContactList {
        const KIND: u8 = 9;
        const NAME: &'static str = "ses contact list";
        fn key(&self) -> String {
            self.name.clone()
        }
    }

    impl Row for Contact {
        const KIND: u8 = 10;
        const NAME: &'static str = "ses contact";
        fn key(&self) -> String {
            Contact::key(&self.list, &self.address)
        }
    }

    impl Row for Pool {
        const KIND: u8 = 11;
        const NAME: &'static str = "ses pool";
        fn key(&self) -> String {
            self.name.clone()
        }
    }
}

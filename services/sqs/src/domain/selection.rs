/// Which of a message's attributes a receiver asked for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AttributeSelection {
    all: bool,
    names: Vec<String>,
    prefixes: Vec<String>,
}

impl AttributeSelection {
    /// The selection that these names make: exact names, `prefix.*`, and `All` or `.*` for everything.
    pub fn new(names: Vec<String>) -> AttributeSelection {
        let mut selection = AttributeSelection::default();
        for mut name in names {
            if name == "All" || name == ".*" || name == "*" {
                selection.all = true;
            } else if name.ends_with(".*") {
                // `foo.*` selects `foo.bar` and, as AWS does it, `foobar` and `foo` too.
                name.truncate(name.len() - 2);
                selection.prefixes.push(name);
            } else {
                selection.names.push(name);
            }
        }
        selection
    }

    /// Whether it asks for nothing at all.
    pub fn is_empty(&self) -> bool {
        !self.all && self.names.is_empty() && self.prefixes.is_empty()
    }

    /// Whether it asks for the attribute of this name.
    pub fn contains(&self, name: &str) -> bool {
        self.all
            || self.names.iter().any(|selected| selected == name)
            || self.prefixes.iter().any(|prefix| name.starts_with(prefix.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn selections() {
        let cases: &[(&[&str], &str)] = &[
            (&[], ""),
            (&["All"], "bar foo foo.bar"),
            (&[".*"], "bar foo foo.bar"),
            (&["foo"], "foo"),
            (&["foo.*"], "foo foo.bar"),
            (&["bar", "foo.b.*"], "bar foo.bar"),
            (&["fo"], ""),
        ];
        for (names, expected) in cases {
            let selection = AttributeSelection::new(names.iter().map(|name| (*name).to_owned()).collect());
            let selected: Vec<_> =
                ["bar", "foo", "foo.bar"].into_iter().filter(|name| selection.contains(name)).collect();
            assert_eq!(selected.join(" "), *expected, "{names:?}");
            assert_eq!(selection.is_empty(), names.is_empty());
        }
    }
}

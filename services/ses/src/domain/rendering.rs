//! SES's template language: Handlebars with `if`, `each`, `unless`, `with`, inline partials, nested attributes.
//!
//! Nothing is escaped: "Amazon SES doesn't escape HTML content when rendering the HTML template for a
//! message." What is named on its own must be there; a condition on what is not there is false.

use std::io;

use handlebars::{Handlebars, RenderErrorReason, no_escape};
use serde_json::{Map, Value};

use super::nesting;
use super::template::Parts;

/// The most bytes that a part may become: as many as a mail may have.
const MAX_RENDERED: usize = 40 * 1024 * 1024;

/// Why a template was not rendered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// The template is no template.
    Template(String),
    /// The data are no JSON object.
    Data(String),
    /// The template names something that is not among the data.
    Missing(String),
}

/// What came out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub struct Rendered {
    pub subject: String,
    pub text: Option<String>,
    pub html: Option<String>,
}

/// The data of a rendering, from its JSON.
///
/// # Errors
/// [`Fault::Data`].
pub fn data(text: &str) -> Result<Map<String, Value>, Fault> {
    match serde_json::from_str(text) {
        Ok(Value::Object(map)) => Ok(map),
        Ok(_) => Err(Fault::Data("Template rendering data is invalid".to_owned())),
        Err(error) => Err(Fault::Data(format!("Template rendering data is invalid: {error}"))),
    }
}

/// The same data with those of one destination in it: what both name is the destination's.
#[must_use]
pub fn merged(default: &Map<String, Value>, own: Map<String, Value>) -> Map<String, Value> {
    let mut all = default.clone();
    all.extend(own);
    all
}

/// Renders all parts.
///
/// # Errors
/// A [`Fault`].
pub fn render(parts: &Parts, data: &Map<String, Value>) -> Result<Rendered, Fault> {
    let data = Value::Object(data.clone());
    let part = |text: &Option<String>| text.as_deref().map(|text| one(text, &data)).transpose();
    let subject = part(&parts.subject)?.unwrap_or_default();
    Ok(Rendered { subject, text: part(&parts.text)?, html: part(&parts.html)? })
}

/// Whether all parts are templates.
///
/// # Errors
/// [`Fault::Template`].
pub fn check(parts: &Parts) -> Result<(), Fault> {
    for text in [&parts.subject, &parts.text, &parts.html].into_iter().flatten() {
        nesting::check(text).map_err(|what| Fault::Template(what.to_owned()))?;
        handlebars::Template::compile(text).map_err(|error| Fault::Template(error.to_string()))?;
    }
    Ok(())
}

fn one(text: &str, data: &Value) -> Result<String, Fault> {
    nesting::check(text).map_err(|what| Fault::Template(what.to_owned()))?;
    let mut registry = Handlebars::new();
    registry.set_strict_mode(true);
    registry.register_escape_fn(no_escape);
    registry.register_template_string("", text).map_err(|error| Fault::Template(error.to_string()))?;
    let mut rendered = Bounded(Vec::new());
    let outcome = registry.render_to_write("", data, &mut rendered);
    outcome.map_err(|error| match error.reason() {
        RenderErrorReason::MissingVariable(Some(name)) => Fault::Missing(name.clone()),
        _ => Fault::Template(error.to_string()),
    })?;
    Ok(String::from_utf8_lossy(&rendered.0).into_owned())
}

/// What is rendered, up to a limit: loops within loops make much of little.
struct Bounded(Vec<u8>);

impl io::Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len() + bytes.len() > MAX_RENDERED {
            return Err(io::Error::other("the template becomes longer than a mail may be"));
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn rendered(text: &str, data: Value) -> Result<String, Fault> {
        let Value::Object(data) = data else { unreachable!("tables hold objects") };
        render(&Parts { text: Some(text.to_owned()), ..Parts::default() }, &data).map(|rendered| rendered.text.unwrap())
    }

    #[test]
    fn the_language() {
        let people = json!({"people": [{"name": "A", "tags": ["x", "y"]}, {"name": "B", "tags": []}], "n": 5});
        for (text, data, expected) in [
            ("Hello {{name}}", json!({"name": "<A>"}), "Hello <A>"),
            ("{{a.b.c}}", json!({"a": {"b": {"c": 1}}}), "1"),
            ("{{#if x}}yes{{else}}no{{/if}}", json!({}), "no"),
            ("{{#if x}}yes{{else}}no{{/if}}", json!({"x": ""}), "no"),
            ("{{#if x}}yes{{else}}no{{/if}}", json!({"x": "a"}), "yes"),
            ("{{#if x}}a{{else if y}}b{{else}}c{{/if}}", json!({"y": 1}), "b"),
            ("{{#unless x}}no{{/unless}}", json!({"x": false}), "no"),
            ("{{#each people}}{{name}}:{{#each tags}}{{this}},{{/each}};{{/each}}{{n}}", people, "A:x,y,;B:;5"),
            ("{{#each l}}{{@index}}{{#if @first}}!{{/if}}{{/each}}", json!({"l": [1, 2]}), "0!1"),
            ("{{#with a}}{{b}}{{/with}}", json!({"a": {"b": 2}}), "2"),
            ("{{#* inline \"f\"}}<{{name}}>{{/inline}}{{> f}}{{> f}}", json!({"name": 1}), "<1><1>"),
            ("{{{name}}}{{! a comment }}", json!({"name": "&"}), "&"),
            ("no marks", json!({}), "no marks"),
        ] {
            assert_eq!(rendered(text, data), Ok(expected.to_owned()), "{text}");
        }
    }

    #[test]
    fn what_is_missing_is_named() {
        assert_eq!(rendered("{{name}}", json!({"nam": 1})), Err(Fault::Missing("name".to_owned())));
        assert_eq!(rendered("{{a.b}}", json!({"a": {}})), Err(Fault::Missing("a.b".to_owned())));
    }

    #[test]
    fn what_becomes_too_long_is_not_rendered() {
        let text = "{{#each @root.l}}".repeat(5) + "{{@root.pad}}" + &"{{/each}}".repeat(5);
        let data = json!({ "l": vec![0; 40], "pad": "x".repeat(1000) });
        assert!(matches!(rendered(&text, data), Err(Fault::Template(_))));
    }

    #[test]
    fn what_is_no_template_is_refused() {
        let parts = |text: &str| Parts { html: Some(text.to_owned()), ..Parts::default() };
        let deep = "{{#if x}}".repeat(5000) + &"{{/if}}".repeat(5000);
        let endless = "{{#* inline \"f\"}}{{> f}}{{/inline}}{{> f}}";
        for text in ["{{#if x}}", "{{", "{{/if}}", "{{#each}}x{{/if}}", endless, &deep] {
            assert!(matches!(check(&parts(text)), Err(Fault::Template(_))), "{text}");
        }
        assert_eq!(check(&parts("{{x}}")), Ok(()));
    }

    #[test]
    fn data_are_an_object() {
        assert!(data("{\"a\":1}").is_ok());
        for text in ["", "[]", "1", "{\"a\":", "{'a':1}"] {
            assert!(matches!(data(text), Err(Fault::Data(_))), "{text}");
        }
    }

    #[test]
    fn a_destination_wins_over_the_defaults() {
        let all = merged(&data("{\"a\":1,\"b\":1}").unwrap(), data("{\"b\":2}").unwrap());
        assert_eq!(Value::Object(all), json!({"a": 1, "b": 2}));
    }
}

//! How deep a template may be nested, looked at before it is parsed.
//!
//! Parsing and rendering recurse with the template. A template that is nested a thousand times, or whose inline
//! partial includes itself, would end not with an error but with the server: so such templates are refused.

use std::collections::HashSet;

/// How deep blocks may be nested; a chain of `else if` is as deep as it is long.
const MAX_DEPTH: usize = 64;

/// How deep expressions may be nested.
const MAX_PARENTHESES: usize = 16;

/// Looks at a template's marks. What is no template is found by the parser.
///
/// # Errors
/// What is too much.
pub(super) fn check(text: &str) -> Result<(), &'static str> {
    let mut walk = Walk::default();
    let mut rest = text;
    while let Some((_, behind)) = rest.split_once("{{") {
        let end = if behind.starts_with("!--") { "--}}" } else { "}}" };
        let Some((mark, after)) = behind.split_once(end) else { return Ok(()) };
        if !behind.starts_with('!') {
            walk.mark(mark.trim_start_matches(['{', '~', '&', ' ', '\t', '\r', '\n']))?;
        }
        rest = after;
    }
    Ok(())
}

#[derive(Default)]
struct Walk<'a> {
    /// Of each open block: how many `else if` it has.
    open: Vec<usize>,
    /// How deep all of that is.
    depth: usize,
    /// The inline partials that are complete.
    partials: HashSet<&'a str>,
    /// The inline partial that is being defined, and where it began.
    inline: Option<(&'a str, usize)>,
}

impl<'a> Walk<'a> {
    fn mark(&mut self, mark: &'a str) -> Result<(), &'static str> {
        if mark.bytes().filter(|byte| *byte == b'(').count() > MAX_PARENTHESES {
            return Err("the template's expressions are nested too deep");
        }
        if mark.contains("@partial-block") {
            return Err("blocks cannot be passed to partials");
        }
        if let Some(block) = mark.strip_prefix('#') {
            self.begin(block.trim_start())?;
        } else if let Some(name) = mark.strip_prefix('>') {
            self.includes(name)?;
        } else if mark.starts_with('/') {
            self.end();
        } else if mark.strip_prefix("else").is_some_and(|rest| !rest.trim().is_empty()) {
            if let Some(chain) = self.open.last_mut() {
                *chain += 1;
            }
            self.deeper()?;
        }
        Ok(())
    }

    fn deeper(&mut self) -> Result<(), &'static str> {
        self.depth += 1;
        if self.depth > MAX_DEPTH { Err("the template's blocks are nested too deep") } else { Ok(()) }
    }

    fn begin(&mut self, block: &'a str) -> Result<(), &'static str> {
        self.open.push(0);
        self.deeper()?;
        if let Some(name) = block.strip_prefix('>') {
            return self.includes(name);
        }
        let Some(inline) = block.strip_prefix('*') else { return Ok(()) };
        let name = inline.trim_start().strip_prefix("inline").unwrap_or(inline);
        let name = name.trim().trim_end_matches('~').trim().trim_matches(['"', '\'']);
        if self.inline.is_some() || self.partials.contains(name) {
            return Err("an inline partial is defined twice, or within another");
        }
        self.inline = Some((name, self.open.len()));
        Ok(())
    }

    fn end(&mut self) {
        if let Some((name, _)) = self.inline.filter(|(_, at)| *at == self.open.len()) {
            self.partials.insert(name);
            self.inline = None;
        }
        self.depth = self.depth.saturating_sub(1 + self.open.pop().unwrap_or_default());
    }

    /// A partial may include those only that were complete before it began: so none includes itself.
    fn includes(&self, name: &str) -> Result<(), &'static str> {
        let name = name.trim_start().split([' ', '\t', '\r', '\n', '~', '}']).next().unwrap_or_default();
        match self.inline {
            Some(_) if !self.partials.contains(name.trim_matches(['"', '\''])) => {
                Err("an inline partial includes one that is not defined before it")
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be() {
        for text in [
            "",
            "{{a}} {{{b}}} {{! {{#x}} }} {{!-- {{#* inline}} --}}",
            "{{#if a}}{{else if b}}{{else}}{{/if}}",
            "{{#* inline \"a\"}}x{{/inline}}{{#* inline \"b\"}}{{> a}}{{/inline}}{{> b}}",
            &"{{#if a}}{{/if}}".repeat(1000),
        ] {
            assert_eq!(check(text), Ok(()), "{text}");
        }
    }

    #[test]
    fn what_would_never_end() {
        for text in [
            "{{#* inline \"a\"}}{{> a}}{{/inline}}",
            "{{#* inline 'a'}}{{~> a }}{{/inline}}",
            "{{#* inline \"a\"}}{{#> a}}{{/a}}{{/inline}}",
            "{{#*inline \"a\"}}{{> (lookup . \"x\")}}{{/inline}}",
            "{{#* inline \"a\"}}{{> b}}{{/inline}}{{#* inline \"b\"}}{{> a}}{{/inline}}",
            "{{#* inline \"a\"}}{{/inline}}{{#* inline \"a\"}}{{> a}}{{/inline}}",
            "{{#> x}}{{> @partial-block}}{{/x}}",
            &"{{#if a}}".repeat(65),
            &format!("{{{{#if a}}}}{}{{{{/if}}}}", "{{else if b}}".repeat(65)),
            &format!("{{{{a {}}}}}", "(".repeat(17)),
        ] {
            assert!(check(text).is_err(), "{text}");
        }
    }
}

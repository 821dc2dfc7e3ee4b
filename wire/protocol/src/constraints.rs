//! The model's constraints, checked by writing an input into nothing.
//!
//! The check is a [`Writer`] that follows the same tables as the codecs, so generated code needs no
//! function for it. It collects every violation, because AWS reports them all at once.

mod checker;
mod document;
mod rules;
#[cfg(test)]
mod tests;
mod top_level;

use checker::{Checker, Style};
use document::Documents;
use top_level::TopLevel;

use crate::errors;
use crate::model::Validation;
use crate::schema::Member;
use crate::service::ServiceError;
use crate::shape::Shape;

/// Checks `input` and answers in the service's words.
///
/// # Errors
/// The first missing parameter, or all violations in one text, as `validation` says.
pub fn check(validation: Validation, input: &dyn Shape) -> Result<(), ServiceError> {
    match validation {
        Validation::Coral => coral(Style::default(), input),
        Validation::NewerCoral { except } => coral(Style { names_null: true, except }, input),
        Validation::MissingParameter { except } => {
            let mut top_level = TopLevel::default();
            input.write(&mut top_level);
            missing_parameter(top_level.missing(), except)
        }
        Validation::Documents { except } => {
            let mut documents = Documents::new(except);
            input.write(&mut documents);
            if documents.is_broken() { Err(malformed_document()) } else { Ok(()) }
        }
    }
}

fn coral(style: Style, input: &dyn Shape) -> Result<(), ServiceError> {
    let mut checker = Checker::new(style);
    input.write(&mut checker);
    if checker.finds_nothing() {
        return Ok(());
    }
    // Once more, and this time what is in lists and maps is noted: nearly every input needs no words.
    let mut checker = Checker::that_notes(style);
    input.write(&mut checker);
    let violations = checker.into_violations();
    let plural = if violations.len() == 1 { "" } else { "s" };
    let message = format!("{} validation error{plural} detected: {}", violations.len(), violations.join("; "));
    Err(ServiceError::new(errors::VALIDATION, message))
}

fn malformed_document() -> ServiceError {
    let words = "The XML you provided was not well-formed or did not validate against our published schema";
    ServiceError::new(errors::MALFORMED_XML, words)
}

fn missing_parameter<'a>(mut missing: impl Iterator<Item = &'a Member>, except: &[&str]) -> Result<(), ServiceError> {
    let Some(member) = missing.find(|member| !except.contains(&member.name)) else { return Ok(()) };
    let message = format!("The request must contain the parameter {}.", member.name);
    Err(ServiceError::new(errors::MISSING_PARAMETER, message))
}

//! Malformed forms, and input that lacks what the model requires.

use tidegate_api_sqs::{
    MODEL, ReceiveMessageRequest, SendMessageBatchRequest, SendMessageRequest, SetQueueAttributesRequest,
};
use tidegate_protocol::aws_query::Form;
use tidegate_protocol::{ServiceError, Shape, constraints};

use crate::{from_form, from_json};

fn refusal<T: Shape>(form: &str) -> String {
    match from_form::<T>(form) {
        Ok(shape) => panic!("{form} was read as {shape:?}"),
        Err(error) => {
            let message = error.to_string();
            let error = ServiceError::from(error);
            assert_eq!((error.shape.query_code, error.shape.status), ("MalformedInput", 400));
            message
        }
    }
}

#[test]
fn malformed_forms() {
    for (form, message) in [
        ("MaxNumberOfMessages=x", "x can not be converted to an integer"),
        ("MaxNumberOfMessages=", " can not be converted to an integer"),
        ("MaxNumberOfMessages=99999999999", "99999999999 can not be converted to an integer"),
        ("MaxNumberOfMessages.1=1", "Start of list found where not expected"),
        ("QueueUrl.x=1", "Start of list found where not expected"),
        ("AttributeName.x=All", "Key x is not a valid list index"),
        ("AttributeName.-1=All", "Key -1 is not a valid list index"),
        ("AttributeName.1.x=All", "Start of list found where not expected"),
        ("QueueUrl=%ff", "Parameters must be UTF-8"),
    ] {
        assert_eq!(refusal::<ReceiveMessageRequest>(form), message, "{form}");
    }
    for (form, message) in [
        ("SendMessageBatchRequestEntry=x", "Unexpected list element termination"),
        ("SendMessageBatchRequestEntry.1=x", "Unexpected complex element termination"),
        ("SendMessageBatchRequestEntry.Id=x", "Key Id is not a valid list index"),
    ] {
        assert_eq!(refusal::<SendMessageBatchRequest>(form), message, "{form}");
    }
    assert_eq!(refusal::<SetQueueAttributesRequest>("Attribute=x"), "Unexpected list element termination");
}

#[test]
fn forms_are_bounded() {
    let deep = format!("a{}=1", ".1".repeat(16));
    let many = "a=1&".repeat(10_001);
    for (form, message) in [(deep, "Nesting is too deep"), (many, "Too many parameters")] {
        assert_eq!(Form::parse(form.as_bytes()).unwrap_err().to_string(), message);
    }
}

fn missing<T: Shape>(json: &str) -> Option<String> {
    let error = constraints::check(MODEL.validation, &from_json::<T>(json).unwrap()).err()?;
    assert_eq!(error.shape.code, "MissingRequiredParameterException");
    assert_eq!((error.shape.query_code, error.shape.status), ("MissingParameter", 400));
    let name = error.message.strip_prefix("The request must contain the parameter ").unwrap();
    Some(name.strip_suffix('.').unwrap().to_owned())
}

#[test]
fn missing_parameters() {
    assert_eq!(missing::<SendMessageRequest>("{}").as_deref(), Some("QueueUrl"));
    assert_eq!(missing::<SendMessageRequest>(r#"{"QueueUrl":"q"}"#).as_deref(), Some("MessageBody"));
    assert_eq!(missing::<SendMessageRequest>(r#"{"QueueUrl":"","MessageBody":"x"}"#).as_deref(), Some("QueueUrl"));
    assert_eq!(missing::<SendMessageRequest>(r#"{"QueueUrl":"q","MessageBody":"x"}"#), None);
    // Nested parameters are the service's to ask for: an entry of a batch fails alone.
    assert_eq!(missing::<SendMessageBatchRequest>(r#"{"QueueUrl":"q","Entries":[{}]}"#), None);
    let attributes = r#"{"QueueUrl":"q","MessageBody":"x","MessageAttributes":{"a":{}}}"#;
    assert_eq!(missing::<SendMessageRequest>(attributes), None);
}

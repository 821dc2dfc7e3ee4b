//! Query requests as botocore wrote them; `query.py` recorded them.

use serde_json::Value;
use tidegate_api_sqs::{GetQueueAttributesRequest, ReceiveMessageRequest, SetQueueAttributesRequest, TagQueueRequest};
use tidegate_protocol::aws_json::JsonReader;
use tidegate_protocol::aws_query::Form;

use crate::{from_form, input};

#[test]
fn botocore_s_forms_mean_the_same_as_the_json_of_their_parameters() {
    let cases: Vec<Value> = serde_json::from_str(include_str!("query.json")).unwrap();
    for case in cases {
        let operation = case["operation"].as_str().unwrap();
        let form = Form::parse(case["body"].as_str().unwrap().as_bytes()).unwrap();
        assert_eq!((form.action(), form.version()), (Some(operation), Some("2012-11-05")));
        let json = case["parameters"].to_string();
        let expected = input(operation, &mut JsonReader::new(json.as_bytes()).unwrap()).unwrap();
        let seen = input(operation, &mut form.reader()).unwrap();
        assert_eq!(format!("{seen:?}"), format!("{expected:?}"), "{operation}");
    }
}

#[test]
fn what_other_old_clients_write_is_understood() {
    // boto 2 does not number a single attribute.
    let get: GetQueueAttributesRequest = from_form("AttributeName=All").unwrap();
    assert_eq!(get.attribute_names.unwrap(), ["All"]);
    let set: SetQueueAttributesRequest = from_form("Attribute.Name=DelaySeconds&Attribute.Value=5").unwrap();
    assert_eq!(set.attributes.unwrap().into_iter().collect::<Vec<_>>(), [("DelaySeconds".to_owned(), "5".to_owned())]);
    // Numbers may leave gaps, begin at zero and come in any order.
    let receive: ReceiveMessageRequest =
        from_form("MessageAttributeName.10=c&MessageAttributeName.0=a&MessageAttributeName.9=b").unwrap();
    assert_eq!(receive.message_attribute_names.unwrap(), ["a", "b", "c"]);
    // The list that is younger than the query protocol's models.
    let receive: ReceiveMessageRequest = from_form("MessageSystemAttributeName.1=All").unwrap();
    assert_eq!(receive.message_system_attribute_names.unwrap(), ["All"]);
    // A key without a value.
    let tag: TagQueueRequest = from_form("Tag.1.Key=k").unwrap();
    assert_eq!(tag.tags.unwrap().into_iter().collect::<Vec<_>>(), [("k".to_owned(), String::new())]);
}

#[test]
fn a_form_may_be_split_between_url_and_body() {
    let mut form = Form::parse(b"Action=GetQueueAttributes&AttributeName.1=All").unwrap();
    form.add(b"Action=Other&AttributeName.2=Policy").unwrap();
    form.set_default("QueueUrl", || "http://localhost/1/q".to_owned());
    form.set_default("Action", || unreachable!("it is there"));
    assert_eq!(form.action(), Some("GetQueueAttributes"), "the first of two stays");
    assert_eq!(form.get("QueueUrl"), Some("http://localhost/1/q"));
}

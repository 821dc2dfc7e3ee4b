use super::XmlWriter;
use super::xml::escape;
use crate::codec::{Codec, Reply};
use crate::model::{Operation, ServiceModel};
use crate::service::ServiceError;
use crate::shape::Shape;

/// Answers in XML.
pub struct AwsQuery;

const CONTENT_TYPE: &str = "text/xml";
const DECLARATION: &str = "<?xml version=\"1.0\"?>";

impl Codec for AwsQuery {
    fn success(&self, model: &ServiceModel, operation: &Operation, request_id: &str, output: &dyn Shape) -> Reply {
        let name = operation.name;
        let mut body = format!("{DECLARATION}<{name}Response{}>", namespace(Some(model)));
        if operation.has_output {
            body += &format!("<{name}Result>");
            let mut writer = XmlWriter::new(body, "");
            output.write(&mut writer);
            body = writer.finish();
            body += &format!("</{name}Result>");
        }
        body += &format!("<ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata></{name}Response>");
        Reply::new(200, CONTENT_TYPE, request_id, body)
    }

    fn failure(&self, model: Option<&ServiceModel>, request_id: &str, error: &ServiceError) -> Reply {
        let shape = &error.shape;
        let mut inner = String::new();
        element(&mut inner, "Type", shape.fault.as_str());
        element(&mut inner, "Code", shape.query_code);
        element(&mut inner, "Message", &error.message);
        for (name, value) in &error.fields {
            element(&mut inner, name, value);
        }
        let namespace = namespace(model);
        let body = format!(
            "{DECLARATION}<ErrorResponse{namespace}><Error>{inner}<Detail/></Error><RequestId>{request_id}</RequestId></ErrorResponse>"
        );
        Reply::new(shape.status, CONTENT_TYPE, request_id, body)
    }
}

fn namespace(model: Option<&ServiceModel>) -> String {
    match model.and_then(|model| model.xml_namespace) {
        Some(namespace) => format!(" xmlns=\"{namespace}\""),
        None => String::new(),
    }
}

/// Appends an element with a text.
pub(crate) fn element(out: &mut String, name: &str, text: &str) {
    out.push_str(&format!("<{name}>"));
    escape(out, text);
    out.push_str(&format!("</{name}>"));
}

//! What shapes are called on the query wire and in XML.
//!
//! A service that moved to JSON is described by JSON names alone; its names on the query wire are in
//! the model from before it moved, and a few that are younger than that model are listed here.

use anyhow::{Result, bail};

use super::model::{Reference, Shape};
use super::shapes::Generator;

impl Generator<'_> {
    /// The shape in the model from when the service spoke query, which knows its names there.
    pub fn old_shape(&self, name: &str) -> Option<&Shape> {
        match &self.model.query {
            Some(old) => old.shapes.get(name),
            None => self.model.shapes.get(name),
        }
    }

    /// The member's use in the model from when the service spoke query.
    fn old_member(&self, owner: &str, name: &str) -> Option<Reference> {
        let value = self.old_shape(owner)?.members.get(name)?;
        serde_json::from_value(value.clone()).ok()
    }

    pub fn flattened(&self, owner: &str, name: &str, reference: &Reference, target: &Shape) -> bool {
        let old = self.old_member(owner, name);
        let old_target = old.as_ref().and_then(|old| self.old_shape(&old.shape));
        reference.flattened
            || target.flattened
            || old.is_some_and(|old| old.flattened)
            || old_target.is_some_and(|shape| shape.flattened)
    }

    /// The name on the query wire and in XML. The entries of a flattened list carry their own name in
    /// place of the list's.
    pub fn wire_name(&self, owner: &str, name: &str, reference: &Reference) -> Result<String> {
        let old = self.old_member(owner, name);
        let own = old.as_ref().unwrap_or(reference);
        let Some(target) = self.old_shape(&own.shape).or(self.model.shapes.get(&own.shape)) else {
            bail!("{owner}.{name} has no shape")
        };
        let entry = target.member.as_ref().and_then(|member| member.location_name.clone());
        let flattened_list = target.kind == "list" && self.flattened(owner, name, reference, target);
        let listed = own.location_name.clone().or(target.location_name.clone()).unwrap_or_else(|| name.to_owned());
        if !flattened_list {
            return Ok(listed);
        }
        Ok(entry.or_else(|| self.unlisted_entry_name(name)).unwrap_or(listed))
    }

    /// Query codes of errors that a service got after its models had stopped to list such codes.
    pub fn unlisted_query_code(&self, name: &str) -> Option<String> {
        self.model.query.as_ref()?;
        let code = match name {
            "KmsAccessDenied" => "KMS.AccessDeniedException",
            "KmsDisabled" => "KMS.DisabledException",
            "KmsInvalidKeyUsage" => "KMS.InvalidKeyUsageException",
            "KmsInvalidState" => "KMS.InvalidStateException",
            "KmsNotFound" => "KMS.NotFoundException",
            "KmsOptInRequired" => "KMS.OptInRequired",
            "KmsThrottled" => "KMS.ThrottlingException",
            _ => return None,
        };
        Some(code.to_owned())
    }

    /// Statuses that AWS answers and no model lists: a wrong receipt handle is 404.
    pub fn unlisted_status(&self, name: &str) -> Option<u16> {
        self.model.query.as_ref()?;
        (name == "ReceiptHandleIsInvalid").then_some(404)
    }

    /// The names of list entries that a service got after its models had stopped to list such names.
    fn unlisted_entry_name(&self, member: &str) -> Option<String> {
        self.model.query.as_ref()?;
        (member == "MessageSystemAttributeNames").then(|| "MessageSystemAttributeName".to_owned())
    }
}
